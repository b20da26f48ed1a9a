/**
 * The private lanes of all clients: opens them within their limit, counts them, and ends them when
 * Redis moves.
 *
 * @module
 */
import { SILENCE } from "../core/silence.ts";
import { Failure } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { ConnectionState } from "./connection_state.ts";
import type { LaneClient } from "./lane_client.ts";
import type { LanesOptions, Opening } from "./options.ts";
import { ownCommand } from "./own_command.ts";
import { PrivateLane } from "./private_lane.ts";
import { idOf } from "./questions.ts";
import { type Opened, Spares } from "./spares.ts";

export const MOVED = "Redis is somewhere else now";

const TOO_MANY = new Failure("reply", "ERR max number of clients reached");

/** The name of a connection that belongs to no client yet. */
const SPARE_NAME = "redis-proxy-spare";

type Options = Pick<
  LanesOptions,
  "open" | "cache" | "database" | "stats" | "maxPrivate" | "timeout"
>;

export class PrivateLanes {
  readonly #lanes = new Set<PrivateLane>();
  readonly #spares: Spares;
  /** How often Redis has moved. */
  #moves = 0;

  constructor(readonly options: Options) {
    this.#spares = new Spares(
      (version) => this.#connect({ version, name: SPARE_NAME, login: null }),
      () => options.maxPrivate - options.stats.upstreams,
    );
  }

  /** Whether one more may be opened. */
  get hasRoom(): boolean {
    return this.options.stats.upstreams < this.options.maxPrivate;
  }

  /** The open lanes. */
  get all(): ReadonlySet<PrivateLane> {
    return this.#lanes;
  }

  /** Prepares for clients with this version of the protocol. */
  expect(version: 2 | 3): void {
    this.#spares.want(version);
  }

  /** Replaces the connections that belong to no client yet. */
  renew(why: string): void {
    this.#spares.renew(why);
  }

  /** Looks after the connections that belong to no client yet. Called at regular intervals. */
  look(): void {
    this.#spares.look();
  }

  /**
   * Opens a lane for a client, to a place if there are several. It returns no promise if there is a
   * spare connection: then no request of another client that comes later reaches Redis first.
   */
  open(
    client: LaneClient,
    place?: OriginAddress,
  ): PrivateLane | Failure | Promise<PrivateLane | Failure> {
    if (!this.hasRoom) return TOO_MANY;
    const spare = place === undefined && client.login === null
      ? this.#takeSpare(client.version)
      : undefined;
    if (spare === undefined) return this.#open(client, place);
    this.options.stats.upstreams++;
    const lane = this.#laneOf(spare, client);
    introduce(lane, client);
    this.#prove(lane);
    return lane;
  }

  /** Ends all lanes, because Redis is somewhere else now. */
  move(why: string): void {
    this.#moves++;
    this.#spares.renew(MOVED);
    for (const lane of [...this.#lanes]) lane.close(why);
  }

  /** Ends all lanes for good, because others take their place. */
  retire(): void {
    this.move(MOVED);
    this.#spares.close();
  }

  /** Ends the lanes to a place. */
  leave({ host, port }: OriginAddress): void {
    for (const lane of [...this.#lanes]) {
      if (lane.place?.host === host && lane.place.port === port) lane.close(MOVED);
    }
  }

  /** Authenticates all connections of the proxy's own user again. */
  authenticate(words: readonly string[]): Promise<void>[] {
    this.#spares.renew("the password has changed");
    return Array.from(this.#lanes, (lane) => lane.tell(words));
  }

  /** Ends the connections that belong to no client. */
  close(): void {
    this.#spares.close();
  }

  #takeSpare(version: 2 | 3): Opened | undefined {
    this.#spares.want(version);
    return this.#spares.take(version);
  }

  /**
   * Gives Redis as long to answer over a spare connection as it has for a new one. It may be silent,
   * or may have lost the connection, and commands have no time limit.
   */
  #prove(lane: PrivateLane): void {
    const { received } = lane.connection;
    const limit = setTimeout(() => {
      if (lane.connection.received === received) lane.onSilent(SILENCE);
    }, this.options.timeout);
    const { onClosed } = lane;
    lane.onClosed = () => {
      clearTimeout(limit);
      onClosed();
    };
  }

  async #open(client: LaneClient, place?: OriginAddress): Promise<PrivateLane | Failure> {
    const { stats } = this.options;
    stats.upstreams++;
    const moves = this.#moves;
    const { version, login, name, libraryName, libraryVersion } = client;
    const opening = { version, login, name, libraryName, libraryVersion };
    const opened = await this.#connect(opening, place);
    if (!(opened instanceof Failure) && opened.connection.loss === null) {
      const lane = this.#laneOf(opened, client, place);
      if (moves === this.#moves) return lane;
      lane.close(MOVED);
      return new Failure("away", `Redis is away: ${MOVED}`);
    }
    stats.upstreams--;
    return opened instanceof Failure
      ? opened
      : new Failure("away", `Redis is away: ${opened.connection.loss}`);
  }

  async #connect(opening: Opening, place?: OriginAddress): Promise<Opened | Failure> {
    let upstreamId: number | null = null;
    const prepare = async (connection: Connection) => {
      upstreamId = await idOf(connection);
    };
    const connection = await this.options.open(opening, prepare, place);
    return connection instanceof Failure ? connection : { connection, upstreamId };
  }

  #laneOf(
    { connection, upstreamId }: Opened,
    client: LaneClient,
    place?: OriginAddress,
  ): PrivateLane {
    const { database, cache, stats } = this.options;
    stats.upstreamsTotal++;
    const lane = new PrivateLane(connection, new ConnectionState(database), cache, client);
    lane.latency = stats.latencies.lanes.private;
    lane.place = place;
    lane.upstreamId = upstreamId;
    this.#lanes.add(lane);
    lane.onClosed = () => {
      stats.upstreams--;
      this.#lanes.delete(lane);
    };
    return lane;
  }
}

/** Gives a spare connection the attributes of its client, ahead of the client's first request. */
function introduce(lane: PrivateLane, { name, libraryName, libraryVersion }: LaneClient): void {
  lane.send(ownCommand("CLIENT", "SETNAME", name), true);
  if (libraryName !== "") lane.send(ownCommand("CLIENT", "SETINFO", "LIB-NAME", libraryName), true);
  if (libraryVersion !== "") {
    lane.send(ownCommand("CLIENT", "SETINFO", "LIB-VER", libraryVersion), true);
  }
}
