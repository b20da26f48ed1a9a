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
import { display, loadClient, type OriginAddress, reasonOf } from "./client.ts";
import { Connector } from "./connector.ts";
import { handOn } from "./invalidations.ts";
import { LoopGuard } from "./loop_guard.ts";
import { type Loss, lossOf } from "./loss.ts";
import { BrokenTracking, type Pair, type PairOptions } from "./pair.ts";
import { Pulse } from "./pulse.ts";
import { LinkReport } from "./report.ts";
import { attemptPause, upgradePause } from "./pauses.ts";
import { CHANNEL } from "./tracking.ts";

export { display, type OriginAddress } from "./client.ts";

/**
 * How long Redis is left alone at first: who waited for the port to open is answered before ioredis
 * is loaded, in one go of 20 ms. It makes the first answer 1.7 times as fast, and no read later.
 */
const OPENING_PAUSE: Millis = 3;

/** After so many failures of tracking alone, reads go on without, and it is tried now and then. */
const TRACKING_ATTEMPTS = 3;

const CLOSED: Loss = { reason: "away", message: "Redis closed the connection" };

export interface LinkOptions extends PairOptions {
  /** For how long a proof that both connections live holds. */
  readonly lease: Millis;
}

export class Link {
  readonly guard = new LoopGuard();
  readonly #connector: Connector;
  readonly #report: LinkReport;
  /** The pair, while there is one. */
  #pair: Pair | null = null;
  #pulse: Pulse | null = null;
  #loss: Loss = { reason: "away", message: "not connected yet" };
  /** Those who wait for the attempt that is under way, or for the first one after a loss. */
  #waiters: ((pair: Pair | null) => void)[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;
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
    log: Log,
  ) {
    this.#connector = new Connector(address, options, this.guard);
    this.#report = new LinkReport(log, display(address));
  }

  /** The pair while it is up, else null. */
  get pair(): Pair | null {
    return this.#pair;
  }

  /** Why there is no connection now, or why the last one was lost. */
  get loss(): Loss {
    return this.#loss;
  }

  /** What the connection is at: up, or why it is not. */
  get state(): "up" | Loss["reason"] {
    return this.#pair === null ? this.#loss.reason : "up";
  }

  /** The version that the server gave itself out as, last time; null until it first did. */
  get version(): string | null {
    return this.#version;
  }

  /** Connects in a moment, and stays so until `close`. */
  open(): void {
    this.#pause = setTimeout(async () => {
      // Not a part of the attempt: a failure here has nothing to do with Redis, and ends the process.
      await loadClient();
      if (!this.#closed) this.#connect();
    }, OPENING_PAUSE);
  }

  /**
   * The pair; waits for the first attempt to connect, and after a loss for the first one, but no
   * longer than Redis may stay silent. While attempts go on failing it is null at once: who asks then
   * is refused, and not kept.
   */
  up(): Promise<Pair | null> {
    const isFailing = this.#failures > 1 || this.#loss.reason === "refused";
    if (this.#pair !== null || isFailing || this.#closed) return Promise.resolve(this.#pair);
    this.#patience ??= setTimeout(() => this.#losePatience(), this.options.timeout);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Settles when all that Redis did before now is known; false when that cannot be. */
  fence(): Promise<boolean> {
    return this.#pulse?.fence() ?? Promise.resolve(false);
  }

  /** Ends the connections for good. */
  close(): void {
    this.#closed = true;
    this.#connector.close();
    clearTimeout(this.#pause);
    const pair = this.#pair;
    if (pair !== null) this.#drop(pair);
    this.#wake();
  }

  /** Gives the pair up, for it is silent; what waits for an answer fails. */
  giveUp(loss: Loss): void {
    if (this.#pair !== null) this.#lose(this.#pair, loss);
  }

  async #connect(): Promise<void> {
    const broken = this.#trackingFailures >= TRACKING_ATTEMPTS ? this.#broken : null;
    try {
      this.#take(await this.#connector.connect(broken === null), broken);
    } catch (error) {
      if (error instanceof BrokenTracking) {
        this.#trackingFailures++;
        this.#broken = error;
      }
      this.#retry(lossOf(error));
    }
    this.#wake();
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
    for (const client of clientsOf(pair)) client.once("end", () => this.#lose(pair, CLOSED));
    pair.invalidation?.on("messageBuffer", (channel: Buffer, payload: unknown) => {
      if (this.#pair === pair && channel.toString("latin1") === CHANNEL) handOn(payload, listener);
    });
    this.#pair = pair;
    this.#failures = 0;
    if (broken === null) this.#trackingFailures = 0;
    this.#version = pair.version ?? this.#version;
    listener.up(isTracked, pair.provenAt, broken === null);
    if (isTracked) this.#pulse = this.#feel(pair);
    this.#tell(pair, broken);
    if (broken !== null || pair.refusal !== null) this.#planUpgrade(pair, broken);
  }

  #feel(pair: Pair): Pulse {
    const { listener } = this;
    return new Pulse(pair, this.options.lease, {
      answered: (side, sentAt) => this.#pair === pair && listener.answered(side, sentAt),
      doubted: () => listener.doubted(),
      failed: (error) => this.#lose(pair, lossOf(reasonOf(error, clientsOf(pair)))),
    });
  }

  #tell(pair: Pair, broken: BrokenTracking | null): void {
    const { mode } = this.options;
    const untold = mode === "off" ? "off" : "untracked";
    this.#report.connected(pair.invalidation === null ? untold : "tracked");
    const why = broken ?? pair.refusal;
    if (why !== null) this.#report.untold(why.message, mode === "auto" && broken === null);
    this.#report.declined(pair.declined.filter((one) => one !== pair.refusal));
    this.#report.password(pair.isPasswordWanted);
  }

  /**
   * Tries now and then to have tracking after all: rights may have been granted meanwhile. Reads go
   * on over the pair that there is.
   */
  #planUpgrade(present: Pair, broken: BrokenTracking | null, attempt = 0): void {
    this.#pause = setTimeout(async () => {
      const pair = await this.#connector.connectAfresh().catch(() => null);
      const isBetter = pair !== null && (pair.invalidation !== null || broken !== null);
      if (this.#pair !== present || !isBetter) {
        if (pair !== null) disconnect(pair);
        if (this.#pair === present) this.#planUpgrade(present, broken, attempt + 1);
        return;
      }
      this.#loss = { reason: "away", message: "replaced by a pair with tracking" };
      this.#drop(present);
      this.#take(pair, null);
    }, upgradePause(attempt));
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
    this.#report.lost(loss);
    this.#loss = loss;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#connect(), attemptPause(this.#failures++, loss));
  }

  /** An attempt to connect takes longer than Redis may stay silent. */
  #losePatience(): void {
    this.#loss = { reason: "timeout", message: `no answer within ${this.options.timeout} ms` };
    this.#wake();
  }

  #wake(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake(this.#pair);
  }
}

function disconnect(pair: Pair): void {
  for (const client of clientsOf(pair)) client.disconnect();
}

function clientsOf({ data, invalidation }: Pair): Redis[] {
  return invalidation === null ? [data] : [data, invalidation];
}
