/**
 * The link to Redis: opens its connections, watches them, and replaces all of them when one is lost.
 *
 * @module
 */
import { BrokenProgram } from "../core/broken_program.ts";
import type { Follower } from "./follower.ts";
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";
import { utf8 } from "../core/utf8.ts";
import { display } from "./address.ts";
import { Connector } from "./connector.ts";
import type { Identity } from "./greeting.ts";
import type { Location } from "./location.ts";
import { LoopGuard } from "./loop_guard.ts";
import { type Loss, lossOf } from "./loss.ts";
import { Pulse } from "./pulse.ts";
import { LinkReport } from "./report.ts";
import { attemptPause, upgradePause } from "./pauses.ts";
import type { Tracking } from "./tracking.ts";
import { BrokenTracking, type Upstream, type UpstreamOptions } from "./upstream.ts";
import { Lost } from "./wire/connection.ts";

/** After so many failures of tracking alone, reads go on without it. It is tried again at intervals. */
const TRACKING_ATTEMPTS = 3;

export interface LinkOptions extends UpstreamOptions {
  /** How long a proof holds that Redis announces changes. */
  readonly lease: Millis;
  /** How long an answer to a probe may take; default: as long as the connection is not silent. */
  readonly probeLimit?: Millis;
  /** A probe is sent every so many sixths of the lease. Default: 1. */
  readonly beats?: number;
  /** Who says when the proof is needed. Default: always. */
  readonly rest?: {
    isNeeded(): boolean;
    /** The proof lapses until the link is woken. */
    rested(): void;
  };
}

export class Link {
  readonly guard = new LoopGuard();
  /** Called when Redis turns out to be a node of a cluster; null if nobody follows the cluster. */
  onClusterNode: (() => void) | null = null;
  readonly #connector: Connector;
  readonly #report: LinkReport;
  /** The current connections; null for none. */
  #upstream: Upstream | null = null;
  #pulse: Pulse | null = null;
  #loss: Loss = { reason: "away", message: "not connected yet" };
  /** The waiters for the current attempt, or for the first one after a loss. */
  #waiters: ((pair: Upstream | null) => void)[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Whether it waits before the next attempt to connect. */
  #isPausing = false;
  /** The number of failed attempts since the last success. A loss counts as one. */
  #failures = 0;
  #trackingFailures = 0;
  /** Whether this Redis tracked reads before. */
  #hasTracked = false;
  /** The number of the attempt to connect that counts. */
  #attempts = 0;
  /** The last failure of tracking. */
  #broken: BrokenTracking | null = null;
  #closed = false;
  #version: string | null = null;

  constructor(
    readonly location: Location,
    readonly options: LinkOptions,
    readonly listener: Follower,
    log: Log,
  ) {
    this.#connector = new Connector(options, this.guard);
    this.#report = new LinkReport(log, location.name);
  }

  /** The connections; null if they are not up. */
  get upstream(): Upstream | null {
    return this.#upstream;
  }

  /** Why there is no connection, or why the last one was lost. */
  get loss(): Loss {
    return this.#loss;
  }

  /** The state of the connection: up, or why it is not. */
  get state(): "up" | Loss["reason"] {
    return this.#upstream === null ? this.#loss.reason : "up";
  }

  /** The version of the server, as it last said; null before. */
  get version(): string | null {
    return this.#version;
  }

  /** Connects, and reconnects until `close`. */
  open(): void {
    this.#connect();
  }

  /** Redis may be ready now: if there is a pause before the next attempt to connect, it ends. */
  retry(): void {
    if (!this.#isPausing || this.#closed) return;
    clearTimeout(this.#pause);
    this.#connect();
  }

  /**
   * Redis is somewhere else now: gives the connections up, and connects there at once.
   *
   * @param why What is said to those who wait for an answer.
   */
  move(why: string): void {
    if (this.#closed) return;
    this.#attempts++; // One that is under way leads to the old place.
    this.giveUp({ reason: "away", message: why });
    clearTimeout(this.#pause);
    this.#failures = this.#trackingFailures = 0;
    this.#hasTracked = false;
    this.#connect();
  }

  /**
   * Returns the connections. Waits for the first attempt at the start and after a loss, but not longer
   * than Redis may stay silent. While attempts keep failing, it returns null at once.
   */
  up(): Promise<Upstream | null> {
    const isFailing = this.#failures > 1 || this.#loss.reason === "refused";
    if (this.#upstream !== null || isFailing || this.#closed) {
      return Promise.resolve(this.#upstream);
    }
    this.#patience ??= setTimeout(() => this.#losePatience(), this.options.timeout);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Whether the server to which a connection was lost is there again, and is still the same run: then
   * it was not the end of the server that ended the connection. An answer must prove it: the loss of
   * the current connection may not be noticed yet.
   */
  async isThereAgain({ runId }: Upstream): Promise<boolean> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const present = this.#upstream ?? await this.up();
      if (present === null || present.runId !== runId) return false;
      const isAlive = await present.data.call("PING").then(
        () => true,
        (error) => !(error instanceof Lost),
      );
      if (isAlive) return true;
    }
    return false;
  }

  /** The proof that Redis announces changes is needed again. */
  wake(): void {
    this.#pulse?.wake();
  }

  /** Resolves to true once all earlier changes of Redis are known, or to false if that fails. */
  fence(): Promise<boolean> {
    return this.#pulse?.fence() ?? Promise.resolve(false);
  }

  /**
   * Authenticates the connection that reads again, by a password that has replaced the last one. A
   * connection that only listens to changes keeps the old one, for it takes no commands.
   *
   * @throws {Error} When Redis refuses it; the connection goes on as before.
   */
  async authenticate({ username, password }: Identity): Promise<void> {
    const upstream = this.#upstream;
    if (upstream === null || password === null) return;
    const user = username === null ? [] : [username];
    await upstream.data.call("AUTH", ...[...user, password].map(utf8));
  }

  /**
   * Resolves to true once all earlier swaps of databases are known, or to false if that fails. A
   * server that does not count swaps is taken to have none.
   */
  swapsKnown(): Promise<boolean> {
    return this.#upstream?.swaps?.look() ?? Promise.resolve(true);
  }

  /** Ends the connections for good. */
  close(): void {
    this.#closed = true;
    this.#connector.close();
    clearTimeout(this.#pause);
    const upstream = this.#upstream;
    if (upstream !== null) this.#drop(upstream);
    this.#wake();
  }

  /** Gives up the connections. Waiting commands fail. */
  giveUp(loss: Loss): void {
    if (this.#upstream !== null) this.#lose(this.#upstream, loss);
  }

  async #connect(): Promise<void> {
    this.#isPausing = false;
    const attempt = ++this.#attempts;
    const broken = this.#trackingFailures >= TRACKING_ATTEMPTS ? this.#broken : null;
    try {
      const address = await this.location.find();
      if (attempt !== this.#attempts) return;
      const upstream = await this.#connector.connect(address, broken === null);
      if (attempt !== this.#attempts) return disconnect(upstream, "Redis is somewhere else now");
      this.#take(upstream, broken);
    } catch (error) {
      if (error instanceof BrokenProgram) throw error;
      if (attempt !== this.#attempts) return;
      if (error instanceof BrokenTracking) {
        this.#trackingFailures++;
        this.#broken = error;
      }
      this.#retry(lossOf(error));
    }
    this.#wake();
  }

  /**
   * Uses new connections: listens and reads from now on, without a gap between the two.
   *
   * @param broken Why they have no tracking, if it failed.
   */
  #take(upstream: Upstream, broken: BrokenTracking | null): void {
    if (this.#closed) return disconnect(upstream, "closed");
    const { listener } = this;
    const { data, tracking, address } = upstream;
    if (data.loss !== null) throw new Error(data.loss);
    if (tracking !== null) this.#hasTracked = true;
    else if (this.#isFault(upstream)) broken ??= new BrokenTracking(upstream.refusal!.message);
    const lost = (error: Error) => this.#lose(upstream, lossOf(error));
    data.onEnd = (why) => lost(new Error(why));
    tracking?.listen(listener, lost);
    this.#upstream = upstream;
    this.#report.redis = display(address);
    this.#failures = 0;
    if (broken === null) this.#trackingFailures = 0;
    this.#version = upstream.version ?? this.#version;
    listener.up(tracking?.mode ?? null, upstream.provenAt, broken === null, this.#report.redis);
    if (tracking !== null) this.#pulse = this.#feel(upstream, tracking);
    this.#tell(upstream, broken);
    const mayBeBetter = broken !== null || upstream.refusal !== null || upstream.isDoubtful;
    if (mayBeBetter) this.#planUpgrade(upstream, broken);
  }

  /** Whether tracking, which this Redis has, ended the connection: then values must not be cached. */
  #isFault({ refusal }: Upstream): boolean {
    return this.#hasTracked && refusal?.isClosing === true;
  }

  #feel(upstream: Upstream, { probes }: Tracking): Pulse {
    const { listener, options: { lease, probeLimit, beats, rest } } = this;
    if (upstream.swaps !== null) {
      upstream.swaps.onSwap = () => this.#upstream === upstream && listener.flush();
    }
    return new Pulse(
      probes,
      lease,
      {
        answered: (side, sentAt) => this.#upstream === upstream && listener.answered(side, sentAt),
        doubted: () => listener.doubted(),
        beat: () => upstream.swaps?.look(),
        failed: (error) => this.#lose(upstream, lossOf(error)),
        isNeeded: () => rest?.isNeeded() ?? true,
        rested: () => rest?.rested(),
      },
      probeLimit,
      beats,
    );
  }

  #tell(upstream: Upstream, broken: BrokenTracking | null): void {
    const { mode } = this.options;
    const untold = mode === "off" ? "off" : "untracked";
    const tracking = upstream.tracking?.mode ?? null;
    this.#report.connected(tracking === null ? untold : "tracked", tracking);
    const why = broken ?? upstream.refusal;
    if (why !== null) this.#report.untold(why.message, mode === "auto" && broken === null);
    this.#report.declined(upstream.declined.filter((one) => one !== upstream.refusal));
    this.#report.password(upstream.isPasswordWanted);
    if (!upstream.isLoneNode) return;
    if (this.onClusterNode === null) this.#report.loneNode();
    else this.onClusterNode();
  }

  /**
   * Tries tracking again at intervals, because somebody may have granted the rights. Reads go on over
   * the current connections.
   */
  #planUpgrade(present: Upstream, broken: BrokenTracking | null, attempt = 0): void {
    this.#pause = setTimeout(async () => {
      const upstream = await this.#connector.connectAfresh(present.address).catch(() => null);
      const isBetter = upstream?.data.loss === null &&
        (isMoreCapable(upstream, present) || (broken !== null && !this.#isFault(upstream)));
      if (this.#upstream !== present || !isBetter) {
        if (upstream !== null) disconnect(upstream, "not needed");
        if (this.#upstream === present) this.#planUpgrade(present, broken, attempt + 1);
        return;
      }
      this.#loss = { reason: "away", message: "replaced by connections with tracking" };
      this.#drop(present);
      this.#take(upstream, null);
    }, upgradePause(attempt));
  }

  #lose(upstream: Upstream, loss: Loss): void {
    if (this.#upstream !== upstream) return;
    this.#retry(loss);
    // Waiting commands reject, and `loss` says why.
    this.#drop(upstream);
  }

  #drop(upstream: Upstream): void {
    this.#upstream = null;
    this.#pulse?.stop();
    this.#pulse = null;
    this.listener.down(performance.now());
    disconnect(upstream, this.#loss.message);
  }

  #retry(loss: Loss): void {
    if (this.#closed) return;
    this.#report.lost(loss);
    this.#loss = loss;
    clearTimeout(this.#pause);
    this.#isPausing = true;
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
    for (const wake of waiters) wake(this.#upstream);
  }
}

/** Whether Redis tracks the reads of new connections at last, or refuses them fewer steps. */
function isMoreCapable(upstream: Upstream, present: Upstream): boolean {
  return (upstream.tracking !== null && present.tracking === null) ||
    upstream.declined.length < present.declined.length;
}

function disconnect({ data, tracking }: Upstream, why: string): void {
  tracking?.close();
  data.close(why);
}
