/**
 * The link to the backing Redis: a pair of connections, made, watched, and when either is lost
 * replaced as a whole, never repaired.
 *
 * @module
 */
import type { Redis } from "ioredis";
import type { Buffer } from "node:buffer";
import type { Follower } from "./follower.ts";
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";
import { display, loadClient, makeClient, type OriginAddress, versionOf } from "./client.ts";
import { BrokenTracking, CHANNEL, makePair, type Pair, type PairOptions } from "./pair.ts";
import { Pulse } from "./pulse.ts";

export { display, type OriginAddress } from "./client.ts";

/**
 * How long Redis is left alone at first: who waited for the port to open is answered before ioredis
 * is loaded, in one go of 20 ms. It makes the first answer 1.7 times as fast, and no read later.
 */
const OPENING_PAUSE: Millis = 3;

/** Shortest and longest pause before the next attempt to connect. */
const PAUSE_MIN: Millis = 50;
const PAUSE_MAX: Millis = 1000;

/** After so many failures of tracking alone, reads go on without, and it is tried now and then. */
const TRACKING_ATTEMPTS = 3;
const TRACKING_PAUSE: Millis = 5000;

/** Why there is no connection, or why the one there was went away. */
export interface Loss {
  readonly reason: "away" | "timeout";
  readonly message: string;
}

const CLOSED: Loss = { reason: "away", message: "connection closed" };

export interface LinkOptions extends PairOptions {
  /** For how long a proof that both connections live holds. */
  readonly lease: Millis;
}

export class Link {
  /** The pair, while there is one. */
  #pair: Pair | null = null;
  #pulse: Pulse | null = null;
  #loss: Loss = { reason: "away", message: "not connected yet" };
  /** Those who wait for the attempt that is under way, or for the first one after a loss. */
  #waiters: ((pair: Pair | null) => void)[] = [];
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Attempts that failed since the last success; a loss counts as one. */
  #failures = 0;
  #trackingFailures = 0;
  /** The last failure of tracking. */
  #broken: BrokenTracking | null = null;
  #closed = false;
  #version: string | null = null;

  constructor(
    readonly address: OriginAddress,
    readonly options: LinkOptions,
    readonly listener: Follower,
    readonly log: Log,
  ) {}

  /** The pair while it is up, else null. */
  get pair(): Pair | null {
    return this.#pair;
  }

  /** The connection for reads while it is up, else null. */
  get redis(): Redis | null {
    return this.#pair?.data ?? null;
  }

  /** Why there is no connection now, or why the last one was lost. */
  get loss(): Loss {
    return this.#loss;
  }

  /** The version that the server gave itself out as, last time; null until it first did. */
  get version(): string | null {
    return this.#version;
  }

  /** Connects in a moment, and stays so until `close`. */
  open(): void {
    this.#pause = setTimeout(async () => {
      // No part of the attempt: that this fails is no matter of Redis, and ends the process.
      await loadClient();
      if (!this.#closed) this.#connect();
    }, OPENING_PAUSE);
  }

  /**
   * The pair; waits for the first attempt to connect, and after a loss for the first one. While
   * attempts go on failing it is null at once: who asks then is refused, and not kept.
   */
  up(): Promise<Pair | null> {
    if (this.#pair !== null || this.#failures > 1 || this.#closed) {
      return Promise.resolve(this.#pair);
    }
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Settles when all that Redis did before now is known; false when that cannot be. */
  fence(): Promise<boolean> {
    return this.#pulse?.fence() ?? Promise.resolve(false);
  }

  /** Ends the connections for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    const pair = this.#pair;
    if (pair !== null) this.#drop(pair);
    this.#wake();
  }

  /** Gives the pair up, for it is silent; what waits for an answer fails. */
  giveUp(loss: Loss): void {
    if (this.#pair !== null) this.#lose(this.#pair, loss);
  }

  /**
   * A read over a pair was lost. If with its connection, the pair goes now: the event that tells so
   * comes after the rejections, and who then read again did so over a connection that is closed.
   */
  lost(pair: Pair): void {
    if (pair.data.status !== "ready") this.#lose(pair, CLOSED);
  }

  async #connect(): Promise<void> {
    const isWithout = this.#trackingFailures >= TRACKING_ATTEMPTS;
    try {
      this.#take(await this.#make(isWithout), isWithout ? this.#broken : null);
    } catch (error) {
      this.#retry({ reason: "away", message: (error as Error).message });
    }
    this.#wake();
  }

  async #make(isWithout: boolean): Promise<Pair> {
    const { options, address } = this;
    const Client = await loadClient();
    try {
      return await makePair(
        (name) => makeClient(Client, address, name, options.timeout),
        isWithout ? { ...options, mode: "off" } : options,
      );
    } catch (error) {
      if (error instanceof BrokenTracking) {
        this.#trackingFailures++;
        this.#broken = error;
      }
      throw error;
    }
  }

  /** Tries to have tracking after all; reads go on meanwhile over the pair that there is. */
  async #upgrade(present: Pair): Promise<void> {
    const pair = await this.#make(false).catch(() => null);
    if (this.#pair === present && pair !== null) {
      this.#loss = { reason: "away", message: "replaced by a pair with tracking" };
      this.#drop(present);
      this.#take(pair, null);
    } else if (pair !== null) {
      disconnect(pair);
    } else if (this.#pair === present) {
      this.#pause = setTimeout(() => this.#upgrade(present), TRACKING_PAUSE);
    }
  }

  /**
   * A pair is there: from now on, in one go, it is listened to and read from.
   *
   * @param broken Why it is one without tracking, if that was tried in vain.
   */
  #take(pair: Pair, broken: BrokenTracking | null): void {
    if (this.#closed) return disconnect(pair);
    const { listener } = this;
    const isTracked = pair.invalidation !== null;
    for (const client of [pair.data, pair.invalidation]) {
      client?.once("end", () => this.#lose(pair, CLOSED));
    }
    pair.invalidation?.on("messageBuffer", (channel: Buffer, payload: unknown) => {
      if (this.#pair === pair && channel.toString("latin1") === CHANNEL) this.#hear(payload);
    });
    this.#pair = pair;
    this.#failures = 0;
    versionOf(pair.data).then((version) => this.#version = version ?? this.#version);
    listener.up(isTracked, pair.provenAt, broken === null || broken.isClosed);
    if (broken !== null) {
      this.#pause = setTimeout(() => this.#upgrade(pair), TRACKING_PAUSE);
    } else {
      this.#trackingFailures = 0;
    }
    if (isTracked) {
      this.#pulse = new Pulse(pair, this.options.lease, {
        answered: (side, sentAt) => this.#pair === pair && listener.answered(side, sentAt),
        doubted: () => listener.doubted(),
        failed: (message) => this.#lose(pair, { reason: "away", message }),
      });
    }
    const state = isTracked ? "tracked" : this.options.mode === "off" ? "off" : "untracked";
    this.log.info("Connected to Redis", { redis: display(this.address), coherence: state });
    const why = broken?.message ?? pair.refusal;
    if (why === null) return;
    const mayKeep = this.options.mode === "auto" && (broken === null || broken.isClosed);
    const effect = mayKeep ? "values stay until their time is up" : "nothing is kept";
    this.log.warn(`Redis does not tell of changes: ${effect}`, { why });
  }

  /** Keys that were changed; null for all of them; anything else was published by somebody. */
  #hear(payload: unknown): void {
    const { listener } = this;
    if (payload === null) {
      listener.flush();
    } else if (Array.isArray(payload)) {
      for (const key of payload as Buffer[]) listener.invalidate(key.toString("latin1"));
    } else {
      listener.foreign();
    }
  }

  #lose(pair: Pair, loss: Loss): void {
    if (this.#pair !== pair) return;
    this.#retry(loss);
    // Rejects all that waits for an answer; who asks why finds `loss`.
    this.#drop(pair);
  }

  #drop(pair: Pair): void {
    this.#pair = null;
    this.#pulse?.stop();
    this.#pulse = null;
    this.listener.down(performance.now());
    disconnect(pair);
  }

  #retry(loss: Loss): void {
    if (this.#closed) return;
    const isNew = this.#failures === 0 || loss.message !== this.#loss.message;
    if (isNew) {
      this.log.warn("No connection to Redis", { redis: display(this.address), why: loss.message });
    }
    this.#loss = loss;
    // Full jitter: after a restart, many proxies do not come back in step.
    clearTimeout(this.#pause);
    const bound = Math.min(PAUSE_MAX, PAUSE_MIN * 2 ** this.#failures++);
    this.#pause = setTimeout(() => this.#connect(), bound * (0.5 + Math.random() / 2));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake(this.#pair);
  }
}

function disconnect({ data, invalidation }: Pair): void {
  data.disconnect();
  invalidation?.disconnect();
}
