/**
 * Remembers for a while which keys could not be read. The next request for such a key gets the
 * failure at once, because another read would most likely fail as well. Pure: callers pass the
 * time.
 *
 * If Redis is away, nothing is noted here: the link refuses reads itself, and knows first when
 * Redis is back. A read that was shed is not noted either, because it says nothing about Redis.
 *
 * @module
 */
import { Failure, type Fetched, type Key, type Millis } from "../core/types.ts";
import { isTrouble } from "../core/redis_errors.ts";

/** How long no read of a key begins after Redis was silent. */
export const BACKOFF: Millis = 1000;

/** The same after Redis said "not now": soon it may serve keys, and such an answer costs little. */
export const BACKOFF_REFUSED: Millis = 100;

/** The longest pause of a key whose read breaks the connection. The pause doubles each time. */
export const BACKOFF_MOST: Millis = 64 * BACKOFF;

/**
 * The most keys to remember, and their bytes together. Keys beyond these limits are read again too
 * early.
 */
const KEPT = 4096;
const KEPT_BYTES = 1024 * 1024;

/** A key that could not be read. */
interface Failed {
  readonly failure: Failure;
  /** How long the pause is, and when it ends. */
  readonly pause: Millis;
  readonly until: Millis;
}

export class Backoff {
  /** The key that failed last comes last. */
  readonly #failed = new Map<Key, Failed>();
  /** The bytes of these keys. */
  #bytes = 0;

  /** The number of remembered keys. */
  get size(): number {
    return this.#failed.size;
  }

  /** The failure of the key's last read, while it is too early for another read. */
  find(key: Key, now: Millis): Failure | undefined {
    if (this.#failed.size === 0) return undefined;
    const found = this.#failed.get(key);
    if (found === undefined || now < found.until) return found?.failure;
    // The length of the last pause still matters for a while.
    if (found.failure.reason !== "broken" || now >= found.until + BACKOFF_MOST) this.#drop(key);
    return undefined;
  }

  /** Notes the result of a read that was sent. */
  note(key: Key, fetched: Fetched, now: Millis): void {
    const last = this.#failed.size > 0 ? this.#failed.get(key) : undefined;
    if (last !== undefined) this.#drop(key);
    if (!isWorthNoting(fetched)) return;
    const pause = pauseAfter(fetched, last);
    this.#failed.set(key, { failure: fetched, pause, until: now + pause });
    this.#bytes += key.length;
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= KEPT && this.#bytes <= KEPT_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(key: Key): void {
    if (this.#failed.delete(key)) this.#bytes -= key.length;
  }

  /**
   * Notes that Redis changed a key. It may be readable now, so its pause becomes the shortest one.
   */
  changed(key: Key): void {
    const failed = this.#failed.size > 0 ? this.#failed.get(key) : undefined;
    if (failed !== undefined) this.#failed.set(key, shortened(failed));
  }

  /** Notes that Redis deleted all keys. */
  allChanged(): void {
    for (const [key, failed] of this.#failed) this.#failed.set(key, shortened(failed));
  }
}

function isWorthNoting(fetched: Fetched): fetched is Failure {
  return isTrouble(fetched) || (fetched instanceof Failure && fetched.reason === "broken");
}

function shortened(failed: Failed): Failed {
  const pause = Math.min(failed.pause, BACKOFF);
  return { ...failed, until: failed.until - failed.pause + pause, pause };
}

/** Returns the next pause of a key. Each read of a broken key costs a connection. */
function pauseAfter({ reason }: Failure, last: Failed | undefined): Millis {
  if (reason === "reply") return BACKOFF_REFUSED;
  const isAgain = reason === "broken" && last?.failure.reason === "broken";
  return isAgain ? Math.min(BACKOFF_MOST, 2 * last.pause) : BACKOFF;
}
