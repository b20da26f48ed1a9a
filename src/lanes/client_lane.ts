/**
 * One client's ways to Redis: the shared lane, and a private lane from the moment it needs state.
 *
 * The rule of order is one lane at a time. While a request is in flight, later requests of the
 * client take the same lane, even reads that the cache could answer. So each sees the effects of
 * the earlier ones.
 *
 * @module
 */
import type { CommandSpec, Words } from "../commands/spec.ts";
import type { Route } from "../commands/route.ts";
import type { Later } from "../core/later.ts";
import { Failure } from "../core/types.ts";
import type { LaneClient } from "./lane_client.ts";
import type { Lanes } from "./mod.ts";
import type { Passable } from "./passable.ts";
import type { PrivateLane } from "./private_lane.ts";
import type { Passed, Sender } from "./passing.ts";

const NOWHERE: ReadonlySet<string> = new Set();

export class ClientLane implements Sender {
  /** Whether a request of the client was lost, so that its connection ends. */
  isCut = false;
  #shared = 0;
  #private: PrivateLane | null = null;
  #opening: Promise<PrivateLane | Failure> | null = null;
  #isEnded = false;
  /** Whether all commands of the client take the private lane from now on. */
  #isPinned = false;
  #masters: Set<string> | undefined;

  /**
   * @param home Has the lanes of all clients, which may be replaced.
   * @param onChange Called when it becomes busy or idle.
   */
  constructor(
    readonly home: { readonly lanes: Lanes | null },
    readonly client: LaneClient,
    readonly onChange: () => void,
  ) {}

  /** The lanes of all clients. */
  get lanes(): Lanes {
    return this.home.lanes!;
  }

  /** Whether requests are in flight or have left state. Then nothing comes from the cache. */
  get isBusy(): boolean {
    return this.#shared > 0 || this.client.login !== null || this.hasState;
  }

  get isCausal(): boolean {
    return this.client.isCausal;
  }

  /** In a cluster, the names of the masters that it has written to, or may have. */
  get masters(): ReadonlySet<string> {
    return this.#masters ?? NOWHERE;
  }

  wrote(master: string): void {
    this.#masters ??= new Set();
    this.#masters.add(master);
  }

  /** Its private lane, if there is one. */
  get private(): PrivateLane | null {
    return this.#private;
  }

  /** The id at Redis of its private connection, unique in a cluster; null if there is none. */
  get upstreamId(): number | null {
    const { upstreamId, place } = this.#private ?? {};
    return upstreamId === undefined || upstreamId === null
      ? null
      : this.lanes.uniqueId(upstreamId, place);
  }

  /** Whether the private lane holds state, such as another database, or may do so. */
  get hasState(): boolean {
    return !(this.#private?.isIdle ?? true);
  }

  /** Whether all its requests take the private lane now. */
  get isPrivate(): boolean {
    return this.hasState || this.client.login !== null;
  }

  /** Whether requests wait for replies on the private lane. */
  get isWaiting(): boolean {
    return (this.#private?.outstanding ?? 0) > 0;
  }

  /** Whether Redis may queue a command in a transaction, or refuse it because of subscriptions. */
  get mustForward(): boolean {
    const lane = this.#private;
    if (lane === null) return false;
    return lane.mayBeInTransaction || lane.state.isRenamed || lane.state.isOpaque ||
      (lane.mayBeSubscribed && this.client.version === 2);
  }

  /** Whether a command that is always shared would be shared now. */
  get mayShare(): boolean {
    return this.#private === null && !this.#isPinned && this.client.login === null;
  }

  /** Returns the route that a command would take now. */
  routeOf(spec: CommandSpec | undefined, words: Words): Route {
    if (this.isPrivate) return "private";
    const route = this.lanes.routeOf(spec, words);
    const hasOwn = this.#private !== null || this.lanes.hasRoom;
    return route === "shared" && this.#isPinned && hasOwn ? "private" : route;
  }

  /** Sends a request over a shared lane. */
  pass(request: Passable, route: Route, replies = 1): Later<Passed> {
    if (this.#shared++ === 0) this.onChange();
    this.lanes.options.stats.commandsPassed += replies;
    return this.lanes.pass(request, route, this.client.version, replies, this);
  }

  /**
   * Sends a request that changes nothing and does not depend on this client's other requests. It
   * overtakes them, and waits for no slow command.
   */
  ask(request: Passable): Later<Passed> {
    this.lanes.options.stats.commandsPassed++;
    return this.lanes.ask(request, this.client.version);
  }

  /** On a shared lane, long replies would delay other clients or fill the memory. */
  onLong(): void {
    this.#isPinned = this.lanes.mayPin;
  }

  onDone(): void {
    if (--this.#shared === 0) this.onChange();
  }

  /**
   * Returns the private lane and opens it if there is none, or the failure to open it. It returns a
   * promise only if the client must wait.
   */
  open(request?: Passable): PrivateLane | Failure | Promise<PrivateLane | Failure> {
    if (this.#private !== null && this.#private.connection.loss === null) {
      const present = this.#private;
      const isFit = request === undefined || !present.isIdle || this.lanes.suits(present, request);
      if (isFit) return present;
      this.#drop();
    }
    if (this.#opening !== null) return this.#opening;
    const opened = this.lanes.openPrivate(this.client, request);
    if (!(opened instanceof Promise)) return this.#opened(opened);
    return this.#opening = opened.then((lane) => this.#opened(lane));
  }

  /** Opens the private lane for messages from Redis, and keeps it open. */
  async becomeTarget(): Promise<void> {
    const lane = await this.open();
    if (lane instanceof Failure) return;
    lane.state.isTarget = true;
    this.onChange();
  }

  #opened(opened: PrivateLane | Failure): PrivateLane | Failure {
    this.#opening = null;
    if (opened instanceof Failure) return opened;
    if (this.#isEnded) {
      opened.close("the client has left");
      return new Failure("away", "Redis is away: the client has left");
    }
    opened.onChange = this.onChange;
    if (opened.place !== undefined) this.wrote(`${opened.place.host}:${opened.place.port}`);
    this.#private = opened;
    this.rest();
    return opened;
  }

  /** Nobody serves the client over its private lane now. Messages are between its other replies. */
  rest(): void {
    const lane = this.#private;
    if (lane === null) return;
    lane.sink = { write: (bytes, from, to) => this.client.push(bytes.slice(from, to)) };
    lane.onReply = () => {};
    // Its state is lost.
    lane.onEnd = () => lane.state.isClean || this.client.kill();
  }

  /** Ends the private connection for good. */
  end(): void {
    this.#isEnded = true;
    this.reset();
  }

  /** Opens another private lane, for this request; the present one ends. */
  async reopen(request: Passable): Promise<PrivateLane | Failure> {
    this.#drop();
    return await this.open(request);
  }

  /**
   * Ends an idle private connection, because the client's attributes have changed since it was
   * opened.
   */
  renew(): void {
    if (this.#private?.isIdle) this.#drop();
  }

  /** Ends the private connection, and lets the client use the shared lane again. */
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
