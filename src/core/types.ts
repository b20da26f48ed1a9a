/**
 * The types that every layer shares: keys, values, entries, and how reads are asked for and
 * answered. No I/O, and no word of any protocol.
 *
 * @module
 */

/**
 * A key: its bytes as code units 0 to 255 (Latin-1), so that every byte string has exactly one key
 * and both protocols meet in the same entry. It is a string of its own: a part of another one, which
 * is what `slice` gives, would hold all of that in memory.
 */
export type Key = string;

/** A value: the bytes that Redis holds, without framing. Never changed once it is handed on. */
export type Value = Uint8Array;

/** A moment or a duration in milliseconds on the monotonic clock of `performance.now()`. */
export type Millis = number;

/** A value with its freshness. */
export class Entry {
  /** What tells its bytes from all others, once a protocol has needed it. */
  tag: string | null = null;

  /**
   * Makes an entry.
   *
   * @param value The bytes. They may move to where they are kept; they never change.
   * @param validFrom When the read that brought them was sent to the origin: they are no older.
   * @param freshUntil Until when they may be answered without asking the origin.
   */
  constructor(
    public value: Value,
    readonly validFrom: Millis,
    readonly freshUntil: Millis,
  ) {}
}

/**
 * Why a read has no answer:
 * - `busy`: too many reads wait already, or this one waited too long for its turn
 * - `timeout`: the origin took the read and did not answer in time
 * - `away`: there is no connection to the origin
 * - `broken`: the connection ends whenever this key is read, or replies what is no reply to a read
 * - `unready`: the origin says that it cannot serve yet; the message is its own, code first
 * - `refused`: the origin refuses this proxy, until somebody changes something
 * - `reply`: the origin answered with an error; the message is its own, code first
 * - `uncached`: the cache alone was asked, and has no answer
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

/** What a read of one key came to: a value, `null` for a key that does not exist, or a failure. */
export type Outcome = Entry | null | Failure;

/** What one request may ask of an answer's freshness (RFC 9111 section 5.2.1, RFC 5861). */
export interface Terms {
  /** How old a hit may be; 0 asks the origin in any case. */
  readonly maxAge: Millis;
  /** How far past its freshness a hit may be, within what the server allows. */
  readonly maxStale: Millis;
  /** The same where the origin gives no answer; null leaves it to the server. */
  readonly staleIfError: Millis | null;
  /** Whether the answer may be kept. */
  readonly mayStore: boolean;
  /** Whether the origin may be asked; if not, what is not cached is a failure, `uncached`. */
  readonly mayForward: boolean;
  /** Whether an answer must hold at some moment after the request came, cached or not. */
  readonly isFenced?: boolean;
}

/** The terms of a request that has none. */
export const NO_TERMS: Terms = {
  maxAge: Infinity,
  maxStale: 0,
  staleIfError: null,
  mayStore: true,
  mayForward: true,
};

/** How an answer came about: from the cache, or why the origin was asked (RFC 9211). */
export type Via = "hit" | "uri-miss" | "stale" | "request";

/** An outcome with its story, for a protocol that tells it. */
export interface Answer {
  /** A value, `null` for a missing key, or a failure. */
  readonly outcome: Outcome;
  /** Where the outcome came from. */
  readonly via: Via;
  /** For how long at most the origin's value may have been another one by now. */
  readonly age: Millis;
  /** How long the outcome stays fresh; negative once it is stale. */
  readonly timeLeft: Millis;
  /** Whether the outcome was kept for the next request. */
  readonly isStored: boolean;
  /** Whether another request's read at the origin was joined. */
  readonly isCollapsed: boolean;
}

/** Reads keys: from the cache at once, or later from the origin. */
export interface Lookup {
  /**
   * The value of the key whose bytes stand in `[from, to)`, if it is a hit of the plain kind: what
   * most requests are, and it makes no string. `undefined` says nothing of the key: ask `get`.
   */
  find(bytes: Uint8Array, from: number, to: number, now: Millis): Value | undefined;
  /** Reads one key. An outcome is a hit; a promise is a miss, and never rejects. */
  get(key: Key, now: Millis): Outcome | Promise<Outcome>;
  /** Reads several keys, the missing ones in one round trip; outcomes in the order of the keys. */
  getMany(keys: readonly Key[], now: Millis): Outcome[] | Promise<Outcome[]>;
  /** Reads one key on a request's own terms, and tells how the answer came about. */
  ask(key: Key, now: Millis, terms: Terms): Answer | Promise<Answer>;
  /** Tells what is known of a key, by name, without reading it. */
  explain?(key: Key, now: Millis): Readonly<Record<string, string>>;
}

/** A value at the origin. */
export class Found {
  /**
   * Makes the result of a read.
   *
   * @param value The bytes, perhaps a part of a larger buffer: copy them to keep them.
   * @param timeToLive How long the origin itself keeps the value; Infinity if it did not say.
   */
  constructor(readonly value: Value, readonly timeToLive: Millis = Infinity) {}
}

/** The result of a read at the origin: what it has, `null` for a missing key, or a failure. */
export type Fetched = Found | null | Failure;

/** An in-flight read of one key. The origin reports to it. */
export interface Flight {
  /** The key to read. */
  readonly key: Key;
  /**
   * The bytes of the read were written. Call it in the same turn of the event loop, and again if
   * the read is repeated. What is found later is no older than `now`.
   */
  sent(now: Millis): void;
  /** The read is over. Call it exactly once, also if the read was never sent. */
  settled(fetched: Fetched, now: Millis): void;
}

/** Reads keys from the backing Redis. */
export interface Origin {
  /**
   * Reads the keys of these flights, in one round trip where it can. Returns at once and never
   * throws: all results, failures included, go to the flights. Some may settle before it returns.
   */
  read(flights: readonly Flight[]): void;
  /** Resolves to true once all changes that Redis made before now are known; false if it cannot. */
  fence(): Promise<boolean>;
  /** Whether an optional read would delay no other one. */
  hasRoom(): boolean;
}
