/**
 * The link to Redis: opens its connections, watches them, and replaces all of them when one is lost.
 *
 * @module
 */
import { BrokenProgram } from "../core/broken_program.ts";
import type { Follower } from "./follower.ts";
import type { Log } from "../core/log.ts";
import { utf8 } from "../core/utf8.ts";
import { display } from "./address.ts";
import { Connector } from "./connector.ts";
import type { Identity } from "./greeting.ts";
import type { Location } from "./location.ts";
import { LoopGuard } from "./loop_guard.ts";
import { type Loss, lossOf } from "./loss.ts";
import { type ProofOptions, pulseOf } from "./proof.ts";
import type { Pulse } from "./pulse.ts";
import { LinkReport } from "./report.ts";
import { attemptPause } from "./pauses.ts";
import { TrackingFaults } from "./tracking_faults.ts";
import { Upgrade } from "./upgrade.ts";
import { BrokenTracking, disconnect, type Upstream, type UpstreamOptions } from "./upstream.ts";
import { Waiters } from "./waiters.ts";

export interface LinkOptions extends UpstreamOptions, ProofOptions {}

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
  /** They wait for the current attempt, or for the first one after a loss. */
  readonly #waiters: Waiters<Upstream | null>;
  readonly #upgrade: Upgrade;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Whether it waits before the next attempt to connect. */
  #isPausing = false;
  /** The number of failed attempts since the last success. A loss counts as one. */
  #failures = 0;
  readonly #faults = new TrackingFaults();
  /** The number of the attempt to connect that counts. */
  #attempts = 0;
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
    this.#waiters = new Waiters(options.timeout, () => this.#losePatience());
    this.#upgrade = new Upgrade(this.#connector, (upstream) => this.#replace(upstream));
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
    this.#failures = 0;
    this.#faults.forget();
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
    return this.#waiters.wait();
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
    this.#waiters.wake(this.#upstream);
  }

  /** Gives up the connections. Waiting commands fail. */
  giveUp(loss: Loss): void {
    if (this.#upstream !== null) this.#lose(this.#upstream, loss);
  }

  async #connect(): Promise<void> {
    this.#isPausing = false;
    const attempt = ++this.#attempts;
    const broken = this.#faults.enough;
    try {
      const address = await this.location.find();
      if (attempt !== this.#attempts) return;
      const upstream = await this.#connector.connect(address, broken === null);
      if (attempt !== this.#attempts) return disconnect(upstream, "Redis is somewhere else now");
      this.#take(upstream, broken);
    } catch (error) {
      if (error instanceof BrokenProgram) throw error;
      if (attempt !== this.#attempts) return;
      if (error instanceof BrokenTracking) this.#faults.failed(error);
      this.#retry(lossOf(error));
    }
    this.#waiters.wake(this.#upstream);
  }

  /**
   * Uses new connections: listens and reads from now on, without a gap between the two.
   *
   * @param untried Why tracking was not tried, if it was not.
   */
  #take(upstream: Upstream, untried: BrokenTracking | null): void {
    if (this.#closed) return disconnect(upstream, "closed");
    const { listener } = this;
    const { data, tracking, address } = upstream;
    if (data.loss !== null) throw new Error(data.loss);
    const broken = this.#faults.took(upstream, untried);
    const lost = (error: Error) => this.#lose(upstream, lossOf(error));
    data.onEnd = (why) => lost(new Error(why));
    tracking?.listen(listener, lost);
    this.#upstream = upstream;
    this.#report.redis = display(address);
    this.#failures = 0;
    this.#version = upstream.version ?? this.#version;
    listener.up(tracking?.mode ?? null, upstream.provenAt, broken === null, this.#report.redis);
    if (tracking !== null) {
      const isInUse = () => this.#upstream === upstream;
      this.#pulse = pulseOf(upstream, tracking, this.options, listener, isInUse, lost);
    }
    this.#tell(upstream, broken);
    const mayBeBetter = broken !== null || upstream.refusal !== null || upstream.isDoubtful;
    if (mayBeBetter && this.#upstream === upstream) {
      this.#upgrade.plan(upstream, (one) => broken !== null && !this.#faults.isIn(one));
    }
  }

  #tell(upstream: Upstream, broken: BrokenTracking | null): void {
    this.#report.took(upstream, broken?.message ?? null, this.options.mode);
    if (!upstream.isLoneNode) return;
    if (this.onClusterNode === null) this.#report.loneNode();
    else this.onClusterNode();
  }

  /** Uses connections that are better than the present ones. */
  #replace(upstream: Upstream): void {
    this.#loss = { reason: "away", message: "replaced by connections with tracking" };
    this.#drop(this.#upstream!);
    this.#take(upstream, null);
  }

  #lose(upstream: Upstream, loss: Loss): void {
    if (this.#upstream !== upstream) return;
    this.#retry(loss);
    // Waiting commands reject, and `loss` says why.
    this.#drop(upstream);
  }

  #drop(upstream: Upstream): void {
    this.#upstream = null;
    this.#upgrade.stop();
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
    this.#waiters.wake(this.#upstream);
  }
}
