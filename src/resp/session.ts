/**
 * The state of a RESP connection: its attributes, and what its client may do.
 *
 * Parsing changes it, request by request, in order. So a reply has the version of its own request,
 * even if a later request of the pipeline changes the version.
 *
 * @module
 */
import { DEFAULT_USER } from "../core/credentials.ts";
import { ClientIds, type NamedClient } from "../lanes/client_ids.ts";
import { ClientLane } from "../lanes/client_lane.ts";
import { clientLine } from "../lanes/client_line.ts";
import type { LaneClient, Login } from "../lanes/lane_client.ts";
import type { Lanes } from "../lanes/mod.ts";
import type { Peer } from "../server/peer.ts";
import { Failure, type Millis, type Terms } from "../core/types.ts";
import type { RespContext } from "./context.ts";
import { type Freshness, TERMS } from "./freshness.ts";
import { NIL, type RespVersion } from "./replies.ts";
import { ReplySwitch } from "./reply_switch.ts";

export class Session implements LaneClient, NamedClient {
  /** The number of the connection, unique in this process. */
  readonly id = ClientIds.next();
  readonly since: Millis = performance.now();
  /** The terms of its requests. */
  terms: Terms;
  /** The reply for a missing value. */
  nil: Uint8Array = NIL[2];
  name = "";
  /** The client's library, as the client names it. */
  libraryName = "";
  libraryVersion = "";
  user = DEFAULT_USER;
  isAuthenticated: boolean;
  /** Whether it may use commands that pass to Redis. */
  mayPass: boolean;
  /** Whether a plain read may ignore the rest of the session. */
  isPlain: boolean;

  /** The context of the selected database. */
  context: RespContext;

  #version: RespVersion = 2;
  /** Its lanes to Redis; null if the proxy serves only reads. */
  readonly lane: ClientLane | null;
  /** Credentials that Redis itself has accepted from this client; null for those of the proxy. */
  login: Login | null = null;

  /** Which replies the client wants. */
  readonly replies = new ReplySwitch(() => this.#settle());

  #isListed = false;
  #freshness: Freshness;

  /** @param home The context of a new connection. */
  constructor(readonly home: RespContext, readonly peer: Peer) {
    const context = this.context = home;
    this.#freshness = context.freshness;
    this.terms = TERMS[context.freshness];
    this.isAuthenticated = !context.credentials.required;
    // The first request registers the client, and decides whether later ones may be plain.
    this.isPlain = false;
    this.mayPass = context.mayPass(peer);
    this.lane = this.lanes === null ? null : new ClientLane(this, this, () => this.#settle());
  }

  /** The lanes of all clients; null if the proxy serves only reads. */
  get lanes(): Lanes | null {
    return this.context.lanes;
  }

  /** Selects another database, for a client without a request in flight and without other state. */
  select(context: RespContext): void {
    this.lane!.renew();
    this.context = context;
    this.#prepare();
    this.#settle();
  }

  get version(): RespVersion {
    return this.#version;
  }

  set version(version: RespVersion) {
    this.#version = version;
    this.nil = NIL[version];
    this.#prepare();
  }

  /** How fresh answers must be (PROXY FRESHNESS). */
  get freshness(): Freshness {
    return this.#freshness;
  }

  set freshness(freshness: Freshness) {
    this.#freshness = freshness;
    this.terms = TERMS[freshness];
  }

  get isCausal(): boolean {
    return this.#freshness === "causal";
  }

  /**
   * Logs the client in as a user.
   *
   * @param isProven Whether it has shown a required password.
   */
  admit(user: string, isProven: boolean): void {
    this.user = user;
    this.isAuthenticated = true;
    if (isProven) this.mayPass = true;
    this.#settle();
  }

  leaveOut(replies: "next" | "all" | "none"): void {
    this.replies.leaveOut(replies);
  }

  /** Whether the reply to the request that was just read is left out. */
  skipsReply(): boolean {
    return !this.isPlain && this.replies.leavesOut();
  }

  /** Notes an empty request. Before Redis 8, it uses up CLIENT REPLY SKIP. */
  sentEmpty(): void {
    const { skipsNext } = this.replies;
    if (skipsNext && parseInt(this.context.redisVersion()) < 8) this.replies.leavesOut();
  }

  /** Returns to the state of a new connection (RESET). */
  reset(): void {
    this.version = 2;
    this.name = "";
    this.user = DEFAULT_USER;
    this.login = null;
    this.context = this.home;
    this.mayPass = this.context.mayPass(this.peer);
    this.lane?.reset();
    this.isAuthenticated = !this.context.credentials.required;
    this.freshness = this.context.freshness;
    this.replies.set("on");
  }

  /** Opens a connection to Redis as another user. Resolves to a failure if Redis refuses it. */
  async enterUser(login: Login): Promise<Failure | null> {
    const before = this.login;
    this.lane!.reset();
    this.login = login;
    const opened = await this.lane!.open();
    if (!(opened instanceof Failure)) return null;
    this.login = before;
    return opened;
  }

  /** Returns to the connections of the proxy's own user. */
  leaveUser(): void {
    this.login = null;
    this.lane!.reset();
  }

  /** Ends the client's connection to Redis, because the client is gone. */
  end(): void {
    this.lane?.end();
    this.context.lanes?.ids.remove(this);
  }

  /** Makes the client known by its id. This never happens for refused clients. */
  enlist(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    this.context.lanes?.ids.add(this);
    // Its first request may be HELLO.
    queueMicrotask(() => this.#prepare());
    this.#settle();
  }

  get upstreamId(): number | null {
    return this.lane?.upstreamId ?? null;
  }

  /**
   * Returns its line in CLIENT LIST, without a line break.
   *
   * @param cmd The command that asks.
   * @param qbuf The length of the request that asks, in bytes.
   */
  describe(cmd = "NULL", qbuf = 0): string {
    const { id, name, user, peer: { remote: addr, local: laddr }, context } = this;
    const values = {
      ...{ id, addr, laddr, name, user, cmd, qbuf, db: context.database, resp: this.version },
      age: Math.floor((performance.now() - this.since) / 1000),
      flags: this.lane?.private?.state.isSubscribed ? "P" : "N",
      "lib-name": this.libraryName,
      "lib-ver": this.libraryVersion,
    };
    return clientLine(values, this.lanes?.clientFields);
  }

  async becomeTarget(): Promise<void> {
    await this.lane?.becomeTarget();
  }

  push(bytes: Uint8Array): void | Promise<void> {
    return this.peer.push(bytes);
  }

  /** Ends the connection from the side of the proxy. */
  kill(): void {
    this.peer.close();
  }

  /** Its first request that needs a private connection should not wait for one. */
  #prepare(): void {
    if (this.mayPass) this.context.lanes?.expect(this.version);
  }

  #settle(): void {
    this.isPlain = this.isAuthenticated && !(this.lane?.isBusy ?? false) &&
      this.replies.wantsAll && this.#isListed && this.context.mayGet;
  }
}
