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
import type { Peer } from "../server/peer.ts";
import type { Millis } from "../core/types.ts";
import type { Freshness } from "./freshness.ts";
import type { Facts } from "../core/facts.ts";
import type { RespLimits } from "./parse/limits.ts";
import { NIL, type RespVersion } from "./replies.ts";

/** What all conversations in RESP share. */
export interface RespContext {
  readonly credentials: Credentials;
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
export type ReplyMode = "on" | "off" | "skip";

let lastId = 0;

export class Session {
  /** The number of the connection, unique while the process lives. */
  readonly id = ++lastId;
  readonly since: Millis = performance.now();
  /** The reply for a missing value. */
  nil: Uint8Array = NIL[2];
  name = "";
  /** The client's library, as it gave itself out. */
  libraryName = "";
  libraryVersion = "";
  user = DEFAULT_USER;
  isAuthenticated: boolean;
  /** Whether a request is served and answered at once, without a look at the session. */
  isPlain: boolean;

  #version: RespVersion = 2;
  #freshness: Freshness;
  #replies: ReplyMode = "on";
  /** Replies that are still left out: that of CLIENT REPLY SKIP and the one after it. */
  #skips = 0;

  constructor(readonly context: RespContext, readonly peer: Peer) {
    this.#freshness = context.freshness;
    this.isAuthenticated = !context.credentials.required;
    this.isPlain = this.isAuthenticated && this.#freshness === "cached";
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

  setFreshness(freshness: Freshness): void {
    this.#freshness = freshness;
    this.#settle();
  }

  /** Lets the client in as a user. */
  admit(user: string): void {
    this.user = user;
    this.isAuthenticated = true;
    this.#settle();
  }

  /** Changes which replies are left out, from the present one on. */
  setReplies(mode: ReplyMode): void {
    if (mode === "skip") {
      if (this.#replies === "on") this.#skips = 2;
    } else {
      this.#replies = mode;
      this.#skips = 0;
    }
    this.#settle();
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
    this.isAuthenticated = !this.context.credentials.required;
    this.#freshness = this.context.freshness;
    this.setReplies("on");
  }

  #settle(): void {
    this.isPlain = this.isAuthenticated && this.#freshness === "cached" &&
      this.#replies === "on" && this.#skips === 0;
  }
}
