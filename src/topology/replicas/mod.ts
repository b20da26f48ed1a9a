/**
 * Reads from a replica: chooses one, follows the master as it moves, and keeps the promises of the
 * cache although the replica lags.
 *
 * Two links: one to the server that is read, whose changes are announced; and one to the master, for
 * the proofs and for keys that the replica may not have yet.
 *
 * @module
 */
import type { ReplicaFacts } from "../../core/facts.ts";
import { Log } from "../../core/log.ts";
import type { Stats } from "../../core/stats.ts";
import type { Key, Millis } from "../../core/types.ts";
import type { ByteBudget } from "../../origin/byte_budget.ts";
import type { Follower } from "../../origin/follower.ts";
import type { Identity } from "../../origin/greeting.ts";
import { Link, type LinkOptions } from "../../origin/link.ts";
import type { Location } from "../../origin/location.ts";
import { RedisOrigin } from "../../origin/mod.ts";
import type { Semaphore } from "../../origin/semaphore.ts";
import { Ahead } from "./ahead.ts";
import type { ChoiceOptions } from "./choice.ts";
import { Chooser } from "./chooser.ts";
import { ChosenLocation } from "./chosen_location.ts";
import { Fence } from "./fence.ts";
import { FencedReads } from "./fenced_reads.ts";
import { Prover } from "./prover.ts";
import { nameOf } from "./roles.ts";

/** What reads from one Redis need. */
export interface ReplicaParts {
  readonly options: LinkOptions;
  readonly permits: Semaphore;
  readonly budget: ByteBudget;
  readonly stats: Stats;
  readonly log: Log;
}

export interface ReplicaOptions extends ChoiceOptions {
  readonly master: Location;
  /** Whether sentinels must confirm the master. */
  readonly isWitnessed: boolean;
}

/** A silent replica is left after this part of the timeout: then there is time to ask the master. */
export const PATIENCE = 1 / 3;

export class Replicas {
  /** The link to the server that is read. */
  readonly link: Link;
  /** Reads from the master. */
  readonly master: RedisOrigin;
  readonly reads: FencedReads;
  readonly fence = new Fence();
  readonly ahead = new Ahead();
  readonly #near: RedisOrigin;
  readonly #prover: Prover;
  readonly #chooser: Chooser;
  readonly #location: ChosenLocation;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isBeating = false;
  #upAt: Millis = -Infinity;
  /** When sentinels last confirmed the master; Infinity without any. */
  #witnessedAt: Millis = -Infinity;

  /**
   * @param follower Who is told of the server that is read.
   * @param confirm Called with the moment up to which the server that is read has all changes.
   */
  constructor(
    readonly options: ReplicaOptions,
    follower: Follower,
    readonly confirm: (provenAt: Millis) => void,
    readonly parts: ReplicaParts,
  ) {
    const { options: link, permits, budget, stats, log } = parts;
    const quiet = new Log("error", log.format, () => {/* The other link reports. */});
    const master = new Link(options.master, { ...link, mode: "off" }, this.#followMaster(), quiet);
    master.onClusterNode = () => {/* The other link tells it. */};
    this.#chooser = new Chooser(options, master, link.lease, log);
    this.#location = new ChosenLocation(this.#chooser, options.master);
    this.link = new Link(this.#location, link, this.#follow(follower), log);
    this.#near = new RedisOrigin(this.link, permits, budget, stats, log);
    this.master = new RedisOrigin(master, permits, budget, stats, log);
    this.#prover = new Prover({
      link: this.link,
      master,
      fence: this.fence,
      ahead: this.ahead,
      isAtReplica: () => this.place === "replica",
      proven: () => this.#confirm(),
      leave: (why, reason) => this.#leave(why, reason),
      masterIsSilent: (message) => master.giveUp({ reason: "timeout", message }),
    }, Math.min(link.lease / 3, link.timeout * PATIENCE));
    this.reads = new FencedReads(this.#near, this.master, this, () => this.#fenced(), {
      lease: link.lease,
      stats,
    });
  }

  /** Where the connection that reads leads now; null for nowhere. */
  get place(): "replica" | "master" | null {
    const { upstream } = this.link;
    if (upstream === null) return null;
    return this.#location.isReplica(upstream.address) ? "replica" : "master";
  }

  get facts(): ReplicaFacts {
    const { place, fence: { provenAt, lag } } = this;
    const isProven = place === "replica" && Number.isFinite(provenAt);
    return {
      readFrom: this.options.readFrom,
      place: place ?? "nowhere",
      redis: this.#present ?? "",
      provenAge: isProven ? Math.round(performance.now() - provenAt) : -1,
      lag,
    };
  }

  open(): void {
    this.master.link.open();
    this.link.open();
    this.#timer = setInterval(() => this.#beat(), this.parts.options.lease / 6);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#prover.close();
    this.#near.close();
    this.master.close();
  }

  /** The master is somewhere else now. */
  move(why: string): void {
    this.#location.forget(why);
    this.master.link.move(why);
    this.link.move(why);
  }

  /** The sentinels have confirmed the master. */
  witnessed(sentAt: Millis): void {
    this.#witnessedAt = sentAt;
    this.#confirm();
  }

  /** A client has written a key. Until a replica is connected, its first proof is still to come. */
  wrote(key: Key): void {
    if (this.place === "replica") this.ahead.note(key, performance.now());
  }

  /** A client may have written any key. */
  wroteAll(): void {
    if (this.place === "replica") this.ahead.noteAll(performance.now());
  }

  /** Resolves to true once all earlier changes of the master are known, or to false if that fails. */
  prove(): Promise<boolean> {
    return this.#prover.prove();
  }

  /** A key was read at the master: the replica may have caught up soon. */
  hurry(): void {
    if (this.place === "replica") this.#prover.hurry();
  }

  /** Authenticates all connections again. */
  async authenticate(identity: Identity): Promise<void> {
    const address = this.link.upstream?.address;
    if (address !== undefined) address.password = identity.password;
    await Promise.all([this.#near.authenticate(identity), this.master.authenticate(identity)]);
  }

  /** The name of the replica that is read; null for none. */
  get #present(): string | null {
    return this.place === "replica" ? nameOf(this.link.upstream!.address) : null;
  }

  #follow(follower: Follower): Follower {
    return {
      ...follower,
      up: (...connection) => {
        this.#unprove();
        this.#upAt = performance.now();
        const isReplica = this.place === "replica";
        this.#near.patience = this.parts.options.timeout * (isReplica ? PATIENCE : 1);
        this.#near.mayRepeat = !isReplica;
        follower.up(...connection);
        this.#confirm();
        this.#chooser.report(this.#present);
        this.#beat();
      },
      down: (now) => {
        this.#unprove();
        follower.down(now);
      },
      doubted: () => {
        this.#unprove();
        follower.doubted();
        this.#confirm();
      },
    };
  }

  #followMaster(): Follower {
    const nothing = () => {};
    return {
      ...{ answered: nothing, doubted: nothing, invalidate: nothing, flush: nothing },
      foreign: nothing,
      up: () => {
        this.#prover.reset();
        this.#beat();
      },
      down: () => {
        if (this.place !== "replica") return;
        const why = this.master.link.loss.message;
        this.parts.log.warn("No connection to the master: reads may fail after the lease", { why });
      },
    };
  }

  /** Nothing is proven of the server that is read. */
  #unprove(): void {
    this.#prover.reset();
    this.#prover.toldAt = -Infinity;
    this.#witnessedAt = this.options.isWitnessed ? -Infinity : Infinity;
  }

  #confirm(): void {
    const toldAt = this.place === "master" ? Infinity : this.#prover.toldAt;
    this.confirm(Math.min(this.#witnessedAt, toldAt));
  }

  /** Gives the replica up. */
  #leave(why: string, reason: "away" | "timeout"): void {
    if (this.place === "replica") this.link.giveUp({ reason, message: `the replica ${why}` });
  }

  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      if (this.place === "replica") await this.#check();
      const { place, link: { upstream } } = this;
      if (place === null || this.master.link.upstream === null) return;
      if (!this.#chooser.isDue(place)) return;
      const isPresent = () => this.link.upstream === upstream;
      const isOther = await this.#location.reconsider(this.#present, isPresent);
      if (isOther) this.link.move("another server is better");
    } finally {
      this.#isBeating = false;
    }
  }

  /** Proves the replica, or leaves it if that has failed for a lease although the master is there. */
  async #check(): Promise<void> {
    const { upstream } = this.link;
    await this.#prover.checkKin();
    await this.prove();
    if (this.link.upstream !== upstream || this.master.link.upstream === null) return;
    const since = Math.max(this.fence.provenAt, this.#upAt);
    if (performance.now() - since > this.parts.options.lease) this.#leave("is behind", "away");
  }

  /** As `prove`; and the sentinels, asked now, name this master. */
  async #fenced(): Promise<boolean> {
    const { master } = this.options;
    const [isProven, isThere] = await Promise.all([this.prove(), master.confirm?.()]);
    return isProven && isThere !== false;
  }
}
