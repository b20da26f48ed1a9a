/**
 * Finds out that a proxy is its own Redis, directly or through other proxies.
 *
 * The handshake reads a random key. A proxy that receives its own key reads from itself. A proxy
 * without a connection cannot pass the key on: it replies at once with the proxies that it waits for,
 * itself first. A proxy that finds itself among them waits for itself.
 *
 * @module
 */
import { Failure, type Key } from "../core/types.ts";
import { Refused } from "./refusal.ts";

const PREFIX = "redis-proxy:probe:";

/** The end of an error that lists the waiting proxies. */
const WAITING = / \(waiting: ([0-9a-f-]+(?: [0-9a-f-]+)*)\)$/;

/** The most proxies in one reply. A longer chain is not plausible. */
const MOST_TOLD = 16;

/** The answer to a proxy that reads from itself. */
const LOOP = "LOOP The proxy reads from itself";

export class LoopGuard {
  readonly #id = crypto.randomUUID();
  /** The proxies that the next one waits for, itself first; empty if the next one is a Redis. */
  #others: readonly string[] = [];
  #probes = 0;
  #keys = 0;

  /** Whether probes are in flight. */
  get isProbing(): boolean {
    return this.#probes > 0;
  }

  /** Runs an attempt to connect, which reads keys of `newKey`. */
  async watch<T>(attempt: () => Promise<T>): Promise<T> {
    this.#probes++;
    try {
      return await attempt();
    } finally {
      this.#probes--;
    }
  }

  /** Returns a random key, which is in no cache on the way. */
  newKey(): Key {
    return `${PREFIX}${this.#id}:${++this.#keys}`;
  }

  /**
   * Returns the answer to a read of a key, if it is a probe that cannot be passed on.
   *
   * @param loss Why there is no connection; null if there is one.
   */
  answerTo(key: Key, loss: Failure | null): Failure | null {
    if (!key.startsWith(PREFIX)) return null;
    if (key.startsWith(PREFIX + this.#id)) return new Failure("reply", LOOP);
    if (loss === null) return null;
    const waiting = [this.#id, ...this.#others].slice(0, MOST_TOLD).join(" ");
    return new Failure(loss.reason, `${loss.message} (waiting: ${waiting})`);
  }

  /** Notes that a probe was answered, so there is a Redis at the end. */
  passed(): void {
    this.#others = [];
  }

  /**
   * Returns what a refused probe means.
   *
   * @param reply The reply of the server to the probe.
   */
  understand({ step, reply }: Refused): Refused {
    const others = WAITING.exec(reply)?.[1]?.split(" ") ?? [];
    this.#others = others;
    return new Refused(step, others.includes(this.#id) ? LOOP : reply.replace(WAITING, ""));
  }
}
