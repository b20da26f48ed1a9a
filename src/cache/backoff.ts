/**
 * Remembers for a while which keys could not be read, so that who asks again is answered at once
 * instead of by another read that would most likely fail as well. Pure: moments go in.
 *
 * That Redis is away is not for here: the link itself refuses reads at once then, and is back the
 * moment that Redis is. Neither is a read that was shed, since nothing says that Redis is in trouble.
 *
 * @module
 */
import { Failure, type Fetched, type Key, type Millis } from "../core/types.ts";
import { isTrouble } from "../core/redis_errors.ts";

/** For how long a key is left alone. */
export const BACKOFF: Millis = 1000;

/** The same at most for a key whose read costs the connection: twice as long each time. */
export const BACKOFF_MOST: Millis = 64 * BACKOFF;

/** Keys that are remembered, and their bytes together; any other is read again too early. */
const KEPT = 4096;
const KEPT_BYTES = 1024 * 1024;

/** A key that could not be read. */
interface Failed {
  readonly failure: Failure;
  /** How long it is left alone, and until when. */
  readonly pause: Millis;
  readonly until: Millis;
}

export class Backoff {
  /** The one that failed last comes last. */
  readonly #failed = new Map<Key, Failed>();
  /** The bytes of its keys. */
  #bytes = 0;

  /** The number of keys that are remembered. */
  get size(): number {
    return this.#failed.size;
  }

  /** What the last read of the key came to, if it failed and it is too early for another one. */
  find(key: Key, now: Millis): Failure | undefined {
    if (this.#failed.size === 0) return undefined;
    const found = this.#failed.get(key);
    if (found === undefined || now < found.until) return found?.failure;
    // How long it was left alone still counts for a while.
    if (found.failure.reason !== "broken" || now >= found.until + BACKOFF_MOST) this.#drop(key);
    return undefined;
  }

  /** A read that was sent is over. */
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

  /** A key was changed in Redis, and may be readable now: the least pause is enough. */
  changed(key: Key): void {
    const failed = this.#failed.size > 0 ? this.#failed.get(key) : undefined;
    if (failed !== undefined) this.#failed.set(key, shortened(failed));
  }

  /** All keys were deleted in Redis. */
  allChanged(): void {
    for (const [key, failed] of this.#failed) this.#failed.set(key, shortened(failed));
  }
}

function isWorthNoting(fetched: Fetched): fetched is Failure {
  return isTrouble(fetched) || (fetched instanceof Failure && fetched.reason === "broken");
}

function shortened(failed: Failed): Failed {
  return { ...failed, until: failed.until - failed.pause + BACKOFF, pause: BACKOFF };
}

/** Each read of a key that is broken costs a connection. */
function pauseAfter({ reason }: Failure, last: Failed | undefined): Millis {
  const isAgain = reason === "broken" && last?.failure.reason === "broken";
  return isAgain ? Math.min(BACKOFF_MOST, 2 * last.pause) : BACKOFF;
}
