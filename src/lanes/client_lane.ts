/**
 * One client's ways to Redis: the shared lane, and a private one from the moment it needs state.
 *
 * The rule of order: one lane at a time. While a request travels, those behind it take the same
 * lane, reads that the cache could answer included, so that each sees what those before it did.
 *
 * @module
 */
import type { CommandSpec, Words } from "../commands/spec.ts";
import { type Route, routeOf } from "../commands/route.ts";
import type { Later } from "../core/later.ts";
import { ReplyStream } from "../core/reply_stream.ts";
import { Failure } from "../core/types.ts";
import type { LaneClient } from "./lane_client.ts";
import type { Lanes } from "./mod.ts";
import type { Passable } from "./passable.ts";
import type { PrivateLane } from "./private_lane.ts";
import type { Passed } from "./shared_lane.ts";

export class ClientLane {
  #shared = 0;
  #private: PrivateLane | null = null;
  /** Whether all of its commands travel over its private connection from now on. */
  #isPinned = false;

  /** @param onChange Called when it becomes busy or idle. */
  constructor(
    readonly lanes: Lanes,
    readonly client: LaneClient,
    readonly onChange: () => void,
  ) {}

  /** Whether requests travel, or have left state behind: then nothing comes from the cache. */
  get isBusy(): boolean {
    return this.#shared > 0 || this.client.login !== null || this.hasState;
  }

  /** Its private lane, if there is one. */
  get private(): PrivateLane | null {
    return this.#private;
  }

  /** Whether the private lane holds state, such as another database, or may do so. */
  get hasState(): boolean {
    return !(this.#private?.isIdle ?? true);
  }

  /** Whether a command may be queued in a transaction, or refused since there are subscriptions. */
  get mustForward(): boolean {
    const lane = this.#private;
    if (lane === null) return false;
    return lane.mayBeInTransaction || lane.state.isRenamed ||
      (lane.mayBeSubscribed && this.client.version === 2);
  }

  /** Whether a command that is always shared would be shared now. */
  get mayShare(): boolean {
    return this.#private === null && !this.#isPinned && this.client.login === null;
  }

  /** Which way a command takes now. */
  routeOf(spec: CommandSpec | undefined, words: Words): Route {
    if (this.client.login !== null) return "private";
    if (this.hasState) return "private";
    const route = routeOf(spec, words);
    const hasOwn = this.#private !== null || this.lanes.hasRoom;
    return route === "shared" && this.#isPinned && hasOwn ? "private" : route;
  }

  /** Sends a request over a shared lane. */
  pass(request: Passable, route: Route, replies = 1): Later<Passed> {
    if (this.#shared++ === 0) this.onChange();
    this.lanes.options.stats.commandsPassed += replies;
    return this.lanes.shared(route, this.client.version).pass(request, replies, this.#onPassed);
  }

  readonly #onPassed = (passed: Passed) => {
    // Long replies would hold up the others, or be held for this client in memory.
    if (passed instanceof ReplyStream) this.#isPinned = true;
    if (--this.#shared === 0) this.onChange();
  };

  /** The private lane, opened if there is none; a failure says why there can be none. */
  async open(): Promise<PrivateLane | Failure> {
    if (this.#private !== null && this.#private.connection.loss === null) return this.#private;
    const opened = await this.lanes.openPrivate(this.client);
    if (opened instanceof Failure) return opened;
    opened.onChange = this.onChange;
    return this.#private = opened;
  }

  /** Ends an idle private connection, since it was opened for a client that said other things. */
  renew(): void {
    if (this.#private?.isIdle) this.#drop();
  }

  /** Ends the private connection, and forgets what kept the client on it. */
  reset(): void {
    this.#drop();
    this.#isPinned = false;
  }

  #drop(): void {
    const lane = this.#private;
    this.#private = null;
    if (lane === null) return;
    lane.onEnd = () => {};
    lane.close("the client needs it no more");
  }
}
