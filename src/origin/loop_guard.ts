/**
 * Finds out that a proxy is its own Redis, directly or through other proxies.
 *
 * The handshake reads a key that nobody else has. A proxy that is asked for its own key reads from
 * itself. One that has no connection yet cannot pass another's key on: it answers at once with the
 * proxies that it waits for, itself first. A proxy that finds itself among them waits for itself.
 *
 * @module
 */
import { Failure, type Key } from "../core/types.ts";
import { Refused } from "./refusal.ts";

const PREFIX = "redis-proxy:probe:";

/** How an error ends that tells who waits. */
const WAITING = / \(waiting: ([0-9a-f-]+(?: [0-9a-f-]+)*)\)$/;

/** Proxies that are told of in one answer: more in a row are hardly meant. */
const MOST_TOLD = 16;

/** The answer to a proxy that reads from itself. */
const LOOP = "LOOP The proxy reads from itself";

export class LoopGuard {
  readonly #id = crypto.randomUUID();
  /** The proxies that the next one waits for, itself first; empty where it is a Redis. */
  #others: readonly string[] = [];
  #probes = 0;
  #keys = 0;

  /** Whether probes are on their way. */
  get isProbing(): boolean {
    return this.#probes > 0;
  }

  /** Runs an attempt to connect, which asks for keys of `newKey`. */
  async watch<T>(attempt: () => Promise<T>): Promise<T> {
    this.#probes++;
    try {
      return await attempt();
    } finally {
      this.#probes--;
    }
  }

  /** A key that nobody has. No cache on the way has seen it before. */
  newKey(): Key {
    return `${PREFIX}${this.#id}:${++this.#keys}`;
  }

  /**
   * Returns what to answer to a read of a key, where it is a probe that cannot be passed on.
   *
   * @param loss Why there is no connection; null where there is one.
   */
  answerTo(key: Key, loss: Failure | null): Failure | null {
    if (!key.startsWith(PREFIX)) return null;
    if (key.startsWith(PREFIX + this.#id)) return new Failure("reply", LOOP);
    if (loss === null) return null;
    const waiting = [this.#id, ...this.#others].slice(0, MOST_TOLD).join(" ");
    return new Failure(loss.reason, `${loss.message} (waiting: ${waiting})`);
  }

  /** A probe was answered: there is a Redis at the end. */
  passed(): void {
    this.#others = [];
  }

  /**
   * Returns what a refused probe means.
   *
   * @param reply What the server replied to the probe.
   */
  understand({ step, reply }: Refused): Refused {
    const others = WAITING.exec(reply)?.[1]?.split(" ") ?? [];
    this.#others = others;
    return new Refused(step, others.includes(this.#id) ? LOOP : reply.replace(WAITING, ""));
  }
}
