/**
 * The pulse of tracked connections: probes them at intervals and on request. An answer proves that all
 * invalidations from before the probe have come: Redis writes an invalidation with the change, and a
 * connection keeps its order.
 *
 * While nobody needs the proof, the pulse rests: it probes only to find out that a connection is lost,
 * and so that nothing on the way closes a quiet connection.
 *
 * @module
 */
import type { Side } from "./follower.ts";
import { NextRun } from "../core/next_run.ts";
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
  /** Whether anybody needs the proof that an answer is. */
  isNeeded(): boolean;
  /** The pulse rests: the proof lapses. */
  rested(): void;
}

/** How long a pulse rests between two probes, unless it is woken. */
const REST: Millis = 20_000;

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
  /** How long it rests. */
  rest: Millis = REST;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The end of a rest; undefined if it does not rest. */
  #waking: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  #beats = 0;
  #ahead = Date.now() - performance.now();
  #doubtedAt: Millis = -Infinity;
  readonly #fences = new NextRun(() => this.#askAll());

  /**
   * @param lease Decides the interval and the patience: a slow answer or two end no lease.
   * @param limit How long an answer may take at most. What comes later is from a server that may have
   *   been replaced meanwhile, and does not know it yet.
   * @param every A probe is sent with every so manieth beat. Each beat looks for silence.
   */
  constructor(
    probes: readonly Probe[],
    readonly lease: Millis,
    readonly listener: PulseListener,
    readonly limit: Millis = Infinity,
    readonly every = 1,
  ) {
    this.#halves = probes.map((probe) => ({ probe, isWaiting: false, quietSince: 0, bytes: 0 }));
    this.#start();
  }

  /** How long a connection may be silent. */
  get patience(): Millis {
    return Math.round(this.lease * 2 / 3);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#waking);
  }

  /** Ends a rest: probes now, and at intervals again. */
  wake(): void {
    if (this.#waking === undefined || this.#isStopped) return;
    clearTimeout(this.#waking);
    this.#waking = undefined;
    this.#start();
    this.#beat();
  }

  /**
   * Resolves to true once all earlier changes of Redis are known, or to false if a connection is lost.
   * All callers before the next probes share them.
   */
  fence(): Promise<boolean> {
    return this.#fences.ask();
  }

  async #askAll(): Promise<boolean> {
    const answers = await Promise.all(this.#halves.map((half) => this.#ask(half)));
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
    const isDue = this.#beats++ % this.every === 0;
    if (isDue) this.listener.beat();
    for (const half of this.#halves) {
      if (half.isWaiting) this.#check(half, now);
      else if (isDue) this.#probe(half, now);
    }
  }

  #start(): void {
    this.#beats = 0;
    this.#timer = setInterval(() => this.#beat(), this.lease / 6);
  }

  async #probe(half: Half, now: Millis): Promise<void> {
    half.isWaiting = true;
    half.quietSince = now;
    half.bytes = half.probe.received();
    const isProven = await this.#ask(half);
    half.isWaiting = false;
    if (isProven) this.#mayRest();
  }

  /** Rests if nobody needs the proof, and no answer is awaited. */
  #mayRest(): void {
    if (this.#isStopped || this.#waking !== undefined) return;
    if (this.#halves.some(({ isWaiting }) => isWaiting) || this.listener.isNeeded()) return;
    clearInterval(this.#timer);
    this.#waking = setTimeout(() => this.wake(), Math.max(this.rest, this.lease / 6));
    this.listener.rested();
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
