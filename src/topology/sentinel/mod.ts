/**
 * The master behind sentinels: asks all of them where it is, several times per lease, and tells when
 * it has moved and when its place is confirmed.
 *
 * @module
 */
import type { SentinelFacts } from "../../core/facts.ts";
import type { Log } from "../../core/log.ts";
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { Location } from "../../origin/location.ts";
import { Refused } from "../../origin/refusal.ts";
import { type Reason, SentinelReport } from "./report.ts";
import { type Known, NO_NAME, Sentinel } from "./sentinel.ts";
import { type Answer, Witnesses } from "./witnesses.ts";

/** What is known of the master and its sentinels before any is asked. */
export interface SentinelOptions {
  /** The name of the master. */
  readonly master: string;
  /** The sentinels, each with its own user and password. */
  readonly sentinels: readonly OriginAddress[];
  /** The master without its place. */
  readonly origin: OriginAddress;
  readonly lease: Millis;
  /** How long a sentinel may take to answer. */
  readonly timeout: Millis;
  /** Whether there is no master without a majority. */
  readonly isStrict: boolean;
}

/** Who is told of the master. */
export interface SentinelListener {
  /** The master is somewhere else than before, or nowhere. */
  moved(why: string): void;
  /** A majority of sentinels that was asked at `sentAt` or later names the present master. */
  witnessed(sentAt: Millis): void;
}

export class SentinelLocation implements Location {
  /** Set before `start`. */
  listener: SentinelListener = { moved() {}, witnessed() {} };
  readonly #sentinels: readonly Sentinel[];
  readonly #witnesses: Witnesses;
  readonly #report: SentinelReport;
  /** Why each sentinel has no answer; null for those that answered last time. */
  readonly #reasons: (Reason | null)[];
  readonly #isAsked: boolean[];
  #timer: ReturnType<typeof setInterval> | undefined;
  #moves = 0;
  /** The last master, also while there is none. */
  #last: Answer | null = null;
  /** Earlier questions say nothing of the present connections. */
  #connectedAt: Millis = -Infinity;
  /** Those who wait for a master. */
  #waiters = new Set<() => void>();

  constructor(readonly options: SentinelOptions, log: Log) {
    const { sentinels, master, timeout, lease, isStrict } = options;
    this.#sentinels = sentinels.map((address) => new Sentinel(address, master, timeout));
    this.#witnesses = new Witnesses(sentinels.length, lease, performance.now(), isStrict);
    this.#report = new SentinelReport(log, master, this.#sentinels.map(({ name }) => name));
    this.#reasons = sentinels.map(() => ({ kind: "silent", message: "not asked yet" }));
    this.#isAsked = sentinels.map(() => false);
    for (const sentinel of this.#sentinels) sentinel.onHint = () => this.#askAll();
  }

  get name(): string {
    return `${this.options.master} at ${this.#sentinels.map(({ name }) => name).join(",")}`;
  }

  /** Asks the sentinels, and again until `close`. */
  start(): void {
    this.#timer = setInterval(() => this.#beat(), this.options.lease / 6);
    this.#beat();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const sentinel of this.#sentinels) sentinel.close();
    this.#wake();
  }

  /** The connections lead to the present master from now on, which has yet to be confirmed. */
  connected(): void {
    this.#connectedAt = performance.now();
    this.#askAll();
  }

  async find(): Promise<OriginAddress> {
    if (this.#witnesses.master === null) await this.#appearance();
    const { master } = this.#witnesses;
    if (master === null) throw this.#report.missing(this.#reasons, this.#claims());
    return { ...this.options.origin, ...master.place };
  }

  async confirm(): Promise<boolean> {
    const askedAt = performance.now();
    const before = this.#witnesses.master;
    await Promise.all(this.#sentinels.map((_, index) => this.#ask(index)));
    const { master, witnessedAt } = this.#witnesses;
    return master !== null && before !== null && isSame(master, before) && witnessedAt >= askedAt;
  }

  get facts(): SentinelFacts {
    const { master, witnessedAt } = this.#witnesses;
    const now = performance.now();
    return {
      name: this.options.master,
      master: master === null ? "" : textOf(master),
      count: this.#sentinels.length,
      agreeing: this.#witnesses.agreeing(now),
      confirmedAge: Number.isFinite(witnessedAt) ? Math.round(now - witnessedAt) : -1,
      moves: this.#moves,
    };
  }

  /** Waits until there is a master, but no longer than a sentinel may take to answer. */
  #appearance(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(limit);
        this.#waiters.delete(done);
        resolve();
      };
      const limit = setTimeout(done, this.options.timeout);
      this.#waiters.add(done);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #beat(): void {
    this.#follow(this.#witnesses.tick(performance.now()));
    this.#report.disagreement(this.#claims());
    for (const [index, isAsked] of this.#isAsked.entries()) if (!isAsked) this.#ask(index);
  }

  #askAll(): void {
    for (const index of this.#sentinels.keys()) this.#ask(index);
  }

  /** Asks one sentinel. Never rejects. */
  async #ask(index: number): Promise<void> {
    let sentAt = performance.now();
    let known: Known | null = null;
    this.#isAsked[index] = true;
    try {
      known = await this.#sentinels[index]!.ask(() => sentAt = performance.now());
      this.#reasons[index] = null;
      this.#report.answered(index, known, this.options);
    } catch (error) {
      this.#reasons[index] = reasonOf(error as Error);
      this.#report.failed(index, this.#reasons[index]!, this.#reasons);
    }
    this.#isAsked[index] = false;
    this.#follow(this.#witnesses.note(index, known, sentAt, performance.now()));
  }

  /** Tells the listener what has changed. */
  #follow(hasMoved: boolean): void {
    const { master, witnessedAt } = this.#witnesses;
    if (hasMoved) {
      if (master !== null) this.#found(master);
      this.listener.moved(
        master === null ? "a sentinel names another master" : `the master is ${textOf(master)} now`,
      );
      if (master !== null) this.#wake();
    } else if (witnessedAt >= this.#connectedAt && Number.isFinite(witnessedAt)) {
      this.listener.witnessed(witnessedAt);
    }
  }

  #found(master: Answer): void {
    if (this.#last !== null && !isSame(this.#last, master)) this.#moves++;
    this.#last = master;
    this.#report.found(textOf(master), this.#witnesses.agreeing(performance.now()));
  }

  #claims(): string[] {
    return this.#witnesses.claims(performance.now()).map((claim) =>
      `${claim.sentinels.map((index) => this.#sentinels[index]!.name).join(", ")}: ` +
      `${textOf(claim)} (epoch ${claim.epoch})`
    );
  }
}

function reasonOf(error: Error): Reason {
  if (!(error instanceof Refused)) return { kind: "silent", message: error.message };
  return { kind: error.reply === NO_NAME ? "unknown" : "refused", message: error.message };
}

function isSame({ place: one }: Answer, { place: other }: Answer): boolean {
  return one.host === other.host && one.port === other.port;
}

/** A place for people: host:port. */
function textOf({ place: { host, port } }: Answer): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
