/**
 * A replica that is read: the link to it, reads over it, and the proof that it has all changes of its
 * master.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { Follower } from "../../origin/follower.ts";
import { Link } from "../../origin/link.ts";
import { fixed } from "../../origin/location.ts";
import { RedisOrigin } from "../../origin/mod.ts";
import type { Ahead } from "./ahead.ts";
import { Fence } from "./fence.ts";
import { PATIENCE, type ReplicaParts } from "./mod.ts";
import { Prover } from "./prover.ts";
import { nameOf } from "./roles.ts";

/** Who is told of the replica. */
export interface ReplicaListener {
  /** It has announced all changes of its master from before this moment. */
  caughtUp(replica: Replica, provenAt: Millis): void;
  /** It cannot be used any more. */
  lost(replica: Replica, why: string): void;
  /** The clock jumped: no earlier proof counts. */
  doubted(): void;
}

export class Replica {
  readonly link: Link;
  readonly origin: RedisOrigin;
  readonly fence = new Fence();
  readonly prover: Prover;
  /** Whether it has been proven: before, it is not read. */
  isProven = false;
  #upAt: Millis = -Infinity;

  /**
   * @param master The link to its master.
   * @param ahead The keys of which clients may know more.
   * @param follower Who is told of the changes that it announces.
   */
  constructor(
    readonly address: OriginAddress,
    readonly master: Link,
    ahead: Ahead,
    follower: Pick<Follower, "invalidate" | "flush" | "foreign">,
    readonly listener: ReplicaListener,
    readonly parts: ReplicaParts,
  ) {
    const { options, permits, budget, stats, log } = parts;
    this.link = new Link(fixed(address), options, this.#follow(follower), log);
    this.origin = new RedisOrigin(this.link, permits, budget, stats, log);
    // Reads that it does not answer in time are sent to the master.
    this.origin.patience = options.timeout * PATIENCE;
    this.origin.mayRepeat = false;
    this.prover = new Prover({
      link: this.link,
      master,
      fence: this.fence,
      ahead,
      isAtReplica: () => true,
      proven: () => this.#proven(),
      leave: (why, reason) => this.link.giveUp({ reason, message: `the replica ${why}` }),
      masterIsSilent() {/* Its own link notices. */},
    }, Math.min(options.lease / 3, options.timeout * PATIENCE));
  }

  get name(): string {
    return nameOf(this.address);
  }

  /** Connects, once. */
  async open(): Promise<void> {
    this.link.open();
    const upstream = await this.link.up();
    if (upstream === null) return this.listener.lost(this, this.link.loss.message);
    if (upstream.tracking === null) return this.listener.lost(this, "it announces no changes");
    await this.check();
  }

  close(): void {
    this.prover.close();
    this.origin.close();
  }

  /** Nothing is proven of it. */
  doubt(): void {
    this.prover.reset();
    this.prover.toldAt = -Infinity;
  }

  /** Proves it, or leaves it if that has failed for a lease although the master is there. */
  async check(): Promise<void> {
    const { upstream } = this.link;
    if (upstream === null) return;
    await this.prover.checkKin();
    await this.prover.prove();
    if (this.link.upstream !== upstream || this.master.upstream === null) return;
    const since = Math.max(this.fence.provenAt, this.#upAt);
    if (performance.now() - since > this.parts.options.lease) {
      this.link.giveUp({ reason: "away", message: "the replica is behind" });
    }
  }

  #proven(): void {
    this.isProven = true;
    this.listener.caughtUp(this, this.prover.toldAt);
  }

  #follow(follower: Pick<Follower, "invalidate" | "flush" | "foreign">): Follower {
    return {
      invalidate: (key) => follower.invalidate(key),
      flush: () => follower.flush(),
      foreign: () => follower.foreign(),
      answered() {/* The prover asks for itself. */},
      up: () => {
        this.#upAt = performance.now();
      },
      down: () => this.listener.lost(this, this.link.loss.message),
      doubted: () => this.listener.doubted(),
    };
  }
}
