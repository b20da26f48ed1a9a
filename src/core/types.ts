/**
 * The types that all rooms share: keys, values, answers, and the interfaces of the cache and of the
 * origin. No I/O, and nothing about any protocol.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { ByteWindow } from "./byte_window.ts";
import type { Later } from "./later.ts";

/**
 * A key: its bytes as code units 0 to 255 (Latin-1). Every byte string has exactly one key, and
 * both protocols meet in the same entry. A key that is kept must not be a `slice` of a longer
 * string, which would stay in memory with it.
 */
export type Key = string;

/** The bytes of a key where they arrived, in `[from, to)` of a buffer. */
export interface KeyBytes {
  /** The buffer. */
  readonly bytes: Buffer;
  /** Where the key starts. */
  readonly from: number;
  /** Where it ends. */
  readonly to: number;
}

/** A value: the bytes that Redis holds, without framing. It never changes once it is handed on. */
export type Value = Uint8Array;

/** A moment or a duration in milliseconds on the monotonic clock of `performance.now()`. */
export type Millis = number;

/**
 * Why a read has no answer:
 * - `busy`: too many reads wait already, or this one waited too long for its turn
 * - `timeout`: the origin took the read and did not answer in time
 * - `away`: there is no connection to the origin
 * - `broken`: reading this key ends the connection, or gets a reply that no read can have
 * - `unready`: the origin says that it cannot serve yet; the message is its own, code first
 * - `refused`: the origin refuses this proxy, until somebody changes something
 * - `reply`: the origin answered with an error; the message is its own, code first
 * - `uncached`: only the cache was asked, and it has no answer
 */
export type FailureReason =
  | "busy"
  | "timeout"
  | "away"
  | "broken"
  | "unready"
  | "refused"
  | "reply"
  | "uncached";

/** A read without an answer, as a value: the data path throws nothing. */
export class Failure {
  /**
   * Makes a failure.
   *
   * @param message One sentence for a person, or Redis's own error, code first.
   */
  constructor(readonly reason: FailureReason, readonly message: string) {}
}

/** The answer to a read of one key: its value, `null` for a missing key, or a failure. */
export type Answer = Value | null | Failure;

/** Where the bytes of an answer lie in their value. */
export interface Part {
  /** The position of its first byte in the value. */
  readonly from: number;
  /** The length of the value, in bytes. */
  readonly length: number;
}

/** The demands of a request on its answer (RFC 9111 section 5.2.1, RFC 5861). */
export interface Terms {
  /** How old a hit may be; 0 asks the origin in any case. */
  readonly maxAge: Millis;
  /** How far past its freshness a hit may be, within what the server allows. */
  readonly maxStale: Millis;
  /** The same if the origin gives no answer; null leaves it to the server. */
  readonly staleIfError: Millis | null;
  /** Whether the answer may be kept. */
  readonly mayStore: boolean;
  /** Whether the origin may be asked. If not, a key that is not cached is a failure, `uncached`. */
  readonly mayForward: boolean;
  /**
   * Whether the answer, cached or not, must have been right at some moment after the request came.
   */
  readonly isFenced: boolean;
  /**
   * The bytes that the request wants; null for all. If a value is too large to cache, the answer
   * may be only these bytes: `CacheStatus.part` says so.
   */
  readonly window: ByteWindow | null;
}

/** The terms of a request that makes none. */
export const NO_TERMS: Terms = {
  maxAge: Infinity,
  maxStale: 0,
  staleIfError: null,
  mayStore: true,
  mayForward: true,
  isFenced: false,
  window: null,
};

/** Where an answer comes from: the cache, or why the origin was asked (RFC 9211). */
export type Via = "hit" | "uri-miss" | "stale" | "request";

/** A place where a protocol can note something about a value. It lasts as long as the entry. */
export interface Note {
  /** The note, such as a digest; null until there is one. */
  note: string | null;
}

/** How an answer came about, for a protocol that reports it (RFC 9211). */
export class CacheStatus {
  /** Where the answer comes from. */
  via: Via = "hit";
  /** The longest time for which the origin may already have had another value. */
  age: Millis = 0;
  /** How long the answer stays fresh; negative once it is stale. */
  timeLeft: Millis = 0;
  /** Whether the answer is kept for the next request. */
  isStored = false;
  /** Whether the answer comes from a read that another request had begun. */
  isCollapsed = false;
  /** A place for a note about the value. */
  place: Note = { note: null };
  /** The part of the value that the answer holds; null for all of it. */
  part: Part | null = null;
}

/** Reads keys: from the cache at once, or later from the origin. */
export interface Lookup {
  /**
   * Reads one key. Returns an answer from memory at once, otherwise one that comes later.
   *
   * @param key The key; its bytes are looked at only until this returns.
   * @param status Receives how the answer came about, once there is one.
   */
  get(
    key: Key | KeyBytes,
    now: Millis,
    terms: Terms,
    status?: CacheStatus,
  ): Answer | Later<Answer>;
  /** Calls `read`, and reads all keys that it misses in one round trip. */
  together<T>(read: () => T): T;
  /** Returns what is known about a key, by name, without reading it. */
  explain(key: Key, now: Millis): Readonly<Record<string, string>>;
}

/** A value at the origin. */
export class Found {
  /**
   * Makes the result of a read.
   *
   * @param value The bytes, perhaps a part of a larger buffer: copy them to keep them.
   * @param timeToLive How long the origin itself keeps the value; Infinity if the origin did not
   *   say.
   * @param part The part of the value that the bytes are; null for all of it.
   */
  constructor(
    readonly value: Value,
    readonly timeToLive: Millis = Infinity,
    readonly part: Part | null = null,
  ) {}
}

/** The result of a read at the origin: what it has, `null` for a missing key, or a failure. */
export type Fetched = Found | null | Failure;

/** An in-flight read of one key. The origin reports to it. */
export interface Flight {
  /** The key to read. */
  readonly key: Key;
  /**
   * Whether the answer must have been right at some moment after the read was asked for. A replica
   * cannot promise that. Default: no.
   */
  readonly mustBeCurrent?: boolean;
  /** The slot of the key in a cluster, once somebody has worked it out. */
  slot?: number | undefined;
  /**
   * The bytes of the read were written. Call it in the same turn of the event loop, and again if
   * the read is repeated. The value that comes is at least as new as `validFrom`.
   *
   * @param validFrom Default: `now`. A replica may have an older value.
   */
  sent(now: Millis, validFrom?: Millis): void;
  /**
   * Called when the length of a value is known and another read is needed. Returns the only wanted
   * bytes, or null for all. A read of only these bytes results in a `Found.part`.
   */
  narrow(length: number): ByteWindow | null;
  /**
   * The read is over. Call it exactly once, even if the read was never sent.
   *
   * @param mayKeep Whether the answer may be cached. Default: yes.
   */
  settled(fetched: Fetched, now: Millis, mayKeep?: boolean): void;
}

/** Reads keys from the backing Redis. */
export interface Origin {
  /**
   * Reads the keys of these flights, in one round trip if it can. Returns at once and never throws:
   * all results, failures included, go to the flights. Some may settle before it returns.
   */
  read(flights: readonly Flight[]): void;
  /** Resolves to true once all changes that Redis made before now are known; false if it cannot. */
  fence(): Promise<boolean>;
  /** Whether an optional read would delay no other one. */
  hasRoom(): boolean;
  /** Returns which server a read of a key would go to, by name. Absent where there is one. */
  explain?(key: Key, now: Millis): Readonly<Record<string, string>>;
}
