/**
 * What a connection in RESP has said about itself so far, and what it may do therefore.
 *
 * Changed while requests are parsed, which is in their order: a reply is made in the version that
 * was spoken when its request came, whatever came after it in the same pipeline.
 *
 * @module
 */
import type { Credentials } from "../core/credentials.ts";
import { DEFAULT_USER } from "../core/credentials.ts";
import type { Log } from "../core/log.ts";
import { ClientIds, type NamedClient } from "../lanes/client_ids.ts";
import { ClientLane } from "../lanes/client_lane.ts";
import type { LaneClient, Login } from "../lanes/lane_client.ts";
import type { Lanes } from "../lanes/mod.ts";
import type { Peer } from "../server/peer.ts";
import { Failure, type Millis, type Terms } from "../core/types.ts";
import { type Freshness, TERMS } from "./freshness.ts";
import type { Facts } from "../core/facts.ts";
import type { RespLimits } from "./parse/limits.ts";
import { NIL, type RespVersion } from "./replies.ts";

/** What all conversations in RESP share. */
export interface RespContext {
  readonly credentials: Credentials;
  /** The proxy's own credentials at Redis; null if Redis wants none. */
  readonly originCredentials: Credentials | null;
  /** Whether a client that has shown no password may use commands that pass to Redis. */
  mayPass(peer: Peer): boolean;
  /** A command was refused that Redis may well have. */
  onRefused(name: string): void;
  /** The ways to Redis for commands that the cache does not answer; null to serve reads alone. */
  readonly lanes: Lanes | null;
  /** The database of the backing Redis that is served, the only one. */
  readonly database: number;
  readonly limits: RespLimits;
  /** How fresh answers have to be until the client chooses. */
  readonly freshness: Freshness;
  readonly log: Log;
  /** The version of the backing server, as far as it is known. */
  redisVersion(): string;
  /** The figures that INFO and the like tell. */
  facts(): Facts;
}

/** How the replies of a session are left out (CLIENT REPLY). */
export type ReplySetting = "on" | "off" | "skip";

export class Session implements LaneClient, NamedClient {
  /** The number of the connection, unique while the process lives. */
  readonly id = ClientIds.next();
  readonly since: Millis = performance.now();
  /** What its requests demand of their answers. */
  terms: Terms;
  /** The reply for a missing value. */
  nil: Uint8Array = NIL[2];
  name = "";
  /** The client's library, as it gave itself out. */
  libraryName = "";
  libraryVersion = "";
  user = DEFAULT_USER;
  isAuthenticated: boolean;
  /** Whether it may use commands that pass to Redis. */
  mayPass: boolean;
  /** Whether a request is served and answered at once, without a look at the session. */
  isPlain: boolean;

  #version: RespVersion = 2;
  /** Its ways to Redis; null if only reads are served. */
  readonly lane: ClientLane | null;
  /** Credentials that Redis itself has accepted from this client; null for those of the proxy. */
  login: Login | null = null;

  #isListed = false;
  #freshness: Freshness;
  #replies: ReplySetting = "on";
  /** Replies that are still left out: that of CLIENT REPLY SKIP and the one after it. */
  #skips = 0;

  constructor(readonly context: RespContext, readonly peer: Peer) {
    this.#freshness = context.freshness;
    this.terms = TERMS[context.freshness];
    this.isAuthenticated = this.isPlain = !context.credentials.required;
    this.mayPass = context.mayPass(peer);
    const { lanes } = context;
    this.lane = lanes === null ? null : new ClientLane(lanes, this, () => this.#settle());
  }

  get version(): RespVersion {
    return this.#version;
  }

  set version(version: RespVersion) {
    this.#version = version;
    this.nil = NIL[version];
  }

  /** How fresh answers have to be (PROXY FRESHNESS). */
  get freshness(): Freshness {
    return this.#freshness;
  }

  set freshness(freshness: Freshness) {
    this.#freshness = freshness;
    this.terms = TERMS[freshness];
  }

  /**
   * Lets the client in as a user.
   *
   * @param isProven Whether it has shown a password that somebody had set.
   */
  admit(user: string, isProven: boolean): void {
    this.user = user;
    this.isAuthenticated = true;
    if (isProven) this.mayPass = true;
    this.#settle();
  }

  /** Changes which replies are left out, from the present one on. */
  setReplies(mode: ReplySetting): void {
    if (mode === "skip") {
      if (this.#replies === "on") this.#skips = 2;
    } else {
      this.#replies = mode;
      this.#skips = 0;
    }
    this.#settle();
  }

  /** Whether the client wants all replies. */
  get repliesAll(): boolean {
    return this.#replies === "on" && this.#skips === 0;
  }

  /** Whether the reply to the request that has just been read is left out. */
  skipsReply(): boolean {
    if (this.isPlain) return false;
    if (this.#skips > 0) {
      this.#skips--;
      this.#settle();
      return true;
    }
    return this.#replies === "off";
  }

  /** Goes back to where a new connection begins (RESET). */
  reset(): void {
    this.version = 2;
    this.name = "";
    this.user = DEFAULT_USER;
    this.libraryName = this.libraryVersion = "";
    this.login = null;
    this.mayPass = this.context.mayPass(this.peer);
    this.lane?.reset();
    this.isAuthenticated = !this.context.credentials.required;
    this.freshness = this.context.freshness;
    this.setReplies("on");
  }

  /** Opens a connection to Redis as a user of its own; a failure says that there is no such user. */
  async enterUser(login: Login): Promise<Failure | null> {
    const before = this.login;
    this.lane!.reset();
    this.login = login;
    const opened = await this.lane!.open();
    if (!(opened instanceof Failure)) return null;
    this.login = before;
    return opened;
  }

  /** Goes back to the connections that the proxy makes as itself. */
  leaveUser(): void {
    this.login = null;
    this.lane!.reset();
  }

  /** Ends what the client has at Redis: it is gone. */
  end(): void {
    this.lane?.reset();
    this.context.lanes?.ids.remove(this);
  }

  /** Makes the client known by its id: clients that are turned away never are. */
  enlist(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    this.context.lanes?.ids.add(this);
  }

  get upstreamId(): number | null {
    return this.lane?.private?.upstreamId ?? null;
  }

  /**
   * Its line in CLIENT LIST, without a line break. It has every field of Redis; memory that only Redis
   * could know is 0.
   *
   * @param queried The length of the request that asks, in bytes.
   */
  describe(command = "NULL", queried = 0): string {
    const { id, peer, name, since, context, user, version, libraryName, libraryVersion } = this;
    const age = Math.floor((performance.now() - since) / 1000);
    return `id=${id} addr=${peer.remote} laddr=${peer.local} fd=-1 name=${name} age=${age} idle=0 ` +
      `flags=N db=${context.database} sub=0 psub=0 ssub=0 multi=-1 qbuf=${queried} qbuf-free=0 ` +
      `argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=${command} ` +
      `user=${user} redir=-1 resp=${version} lib-name=${libraryName} lib-ver=${libraryVersion}`;
  }

  /** Ends the connection, from the side of the proxy. */
  kill(): void {
    this.peer.close();
  }

  #settle(): void {
    this.isPlain = this.isAuthenticated && !(this.lane?.isBusy ?? false) &&
      this.#replies === "on" && this.#skips === 0;
  }
}
