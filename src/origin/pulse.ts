/**
 * The pulse of tracked connections: probes them at intervals and on request. An answer proves that all
 * invalidations from before the probe have come: Redis writes an invalidation with the change, and a
 * connection keeps its order.
 *
 * @module
 */
import type { Side } from "./follower.ts";
import type { Millis } from "../core/types.ts";
import type { Probe } from "./tracking.ts";

/** A listener to the pulse. */
export interface PulseListener {
  /** A probe was answered that was sent at this time. */
  answered(side: Side, sentAt: Millis): void;
  /** A connection is lost, silent for too long, or has replied wrongly. */
  failed(error: Error): void;
  /** The next probes are due. */
  beat(): void;
  /** Time has passed that the monotonic clock did not count. */
  doubted(): void;
}

/** One connection, and its unanswered probe. */
interface Half {
  readonly probe: Probe;
  isWaiting: boolean;
  /** When it was last seen to send a byte. */
  quietSince: Millis;
  bytes: number;
}

export class Pulse {
  readonly #halves: readonly Half[];
  readonly #timer: ReturnType<typeof setInterval>;
  #ahead = Date.now() - performance.now();
  #doubtedAt: Millis = -Infinity;
  #fence: Promise<boolean> | null = null;
  #nextFence: Promise<boolean> | null = null;

  /**
   * @param lease Decides the interval and the patience: a slow answer or two end no lease.
   * @param limit How long an answer may take at most. What comes later is from a server that may have
   *   been replaced meanwhile, and does not know it yet.
   */
  constructor(
    probes: readonly Probe[],
    readonly lease: Millis,
    readonly listener: PulseListener,
    readonly limit: Millis = Infinity,
  ) {
    this.#halves = probes.map((probe) => ({ probe, isWaiting: false, quietSince: 0, bytes: 0 }));
    this.#timer = setInterval(() => this.#beat(), lease / 6);
  }

  /** How long a connection may be silent. */
  get patience(): Millis {
    return Math.round(this.lease * 2 / 3);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Resolves to true once all earlier changes of Redis are known, or to false if a connection is lost.
   * All callers before the next probes share them.
   */
  fence(): Promise<boolean> {
    return this.#nextFence ??= this.#askNext();
  }

  async #askNext(): Promise<boolean> {
    // Even without a wait, the caller gets the promise first.
    await this.#fence;
    this.#fence = this.#nextFence;
    this.#nextFence = null;
    const answers = await Promise.all(this.#halves.map((half) => this.#ask(half)));
    this.#fence = null;
    return answers.every(Boolean);
  }

  #beat(): void {
    const now = performance.now();
    const ahead = Date.now() - now;
    if (Math.abs(ahead - this.#ahead) > this.lease) {
      this.#doubtedAt = now;
      this.listener.doubted();
    }
    this.#ahead = ahead;
    this.listener.beat();
    for (const half of this.#halves) {
      if (half.isWaiting) this.#check(half, now);
      else this.#start(half, now);
    }
  }

  #start(half: Half, now: Millis): void {
    half.isWaiting = true;
    half.quietSince = now;
    half.bytes = half.probe.received();
    this.#ask(half).finally(() => half.isWaiting = false);
  }

  /** Whether a connection is silent. One that is busy with a large value is not. */
  #check(half: Half, now: Millis): void {
    const bytes = half.probe.received();
    if (bytes !== half.bytes) {
      half.bytes = bytes;
      half.quietSince = now;
    } else if (now - half.quietSince > this.patience) {
      const why = `the ${half.probe.name} is silent for ${Math.round(this.patience)} ms`;
      this.listener.failed(new Error(why));
    }
  }

  async #ask(half: Half): Promise<boolean> {
    const sentAt = performance.now();
    try {
      await half.probe.ask();
    } catch (error) {
      this.listener.failed(error as Error);
      return false;
    }
    const took = performance.now() - sentAt;
    if (took > this.limit) {
      this.listener.failed(
        new Error(`the ${half.probe.name} took ${Math.round(took)} ms to answer`),
      );
      return false;
    }
    // The answer may be older than the time that has passed unseen.
    if (sentAt < this.#doubtedAt) return true;
    for (const side of half.probe.sides) this.listener.answered(side, sentAt);
    return true;
  }
}
