/**
 * Makes the shared lanes of all clients, and opens their connections.
 *
 * @module
 */
import { Failure } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { LongRequests } from "./long_requests.ts";
import type { LanesOptions, Opening } from "./options.ts";
import type { PassingOptions } from "./passing.ts";
import { type Answers, Questions } from "./questions.ts";
import { SharedLane } from "./shared_lane.ts";
import { StreamBudget } from "./stream_budget.ts";

/**
 * - `shared`: for the requests of clients
 * - `control`: for requests that must not wait for slow ones
 */
export type SharedKind = "shared" | "control";

/** The names of the connections in CLIENT LIST. */
const NAMES = { shared: "redis-proxy-shared", control: "redis-proxy-control" } as const;

export class SharedLanes {
  /** Requests that are better sent over a private connection. */
  readonly long = new LongRequests();
  /** The memory of all long replies. */
  readonly budget: StreamBudget;
  /** The ids at Redis of the connections, as far as Redis has told them. */
  readonly ids = new WeakMap<Connection, number>();
  readonly #lanes: Record<SharedKind, { 2?: SharedLane; 3?: SharedLane }> = {
    shared: {},
    control: {},
  };
  readonly #questions: Questions;

  /** @param answers Takes what a server says each time a connection opens. */
  constructor(readonly options: LanesOptions, answers: Pick<Answers, "onTable" | "onFields">) {
    this.budget = new StreamBudget(options.replyMemory);
    this.#questions = new Questions({
      ...answers,
      onLongest: (bytes) => options.onLongest?.(bytes),
      onId: (connection, id) => this.ids.set(connection, id),
    });
  }

  /** The lanes that `of` has returned. */
  get all(): SharedLane[] {
    const { shared, control } = this.#lanes;
    return [shared, control].flatMap((lanes) => [lanes[2] ?? [], lanes[3] ?? []].flat());
  }

  /** Returns the lane of a kind, for clients with this version of the protocol. */
  of(kind: SharedKind, version: 2 | 3): SharedLane {
    return this.#lanes[kind][version] ??= this.make(kind, version);
  }

  /** Makes another lane, to a place if there are several. */
  make(
    kind: SharedKind,
    version: 2 | 3,
    place?: OriginAddress,
    redirected?: PassingOptions["redirected"],
  ): SharedLane {
    const isForControl = kind === "control";
    const opening = { version, name: NAMES[kind], login: null, isShared: true, isForControl };
    return new SharedLane({
      ...(redirected === undefined ? {} : { redirected }),
      open: () => this.#open(opening, place),
      place,
      cache: this.options.cache,
      budget: this.budget,
      long: this.long,
      latency: this.options.stats.latencies.lanes[kind],
    });
  }

  /** Opens a connection, and asks about the server. */
  async #open(opening: Opening, place?: OriginAddress): Promise<Connection | Failure> {
    const opened = await this.#questions.ask((prepare) =>
      this.options.open(opening, prepare, place)
    );
    if (!(opened instanceof Failure)) this.options.stats.sharedUpstreamsTotal++;
    return opened;
  }
}
