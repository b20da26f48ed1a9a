/**
 * Keeps a replica of one master of a cluster connected and proven: chooses one, leaves it if it fails,
 * and chooses again.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { NodeFollower } from "../../origin/follower.ts";
import type { Identity } from "../../origin/greeting.ts";
import type { Link } from "../../origin/link.ts";
import type { Ahead } from "../replicas/ahead.ts";
import { type Choice, NEAREST_IS_MASTER } from "../replicas/choice.ts";
import { Chooser } from "../replicas/chooser.ts";
import { Replica, type ReplicaListener } from "../replicas/replica.ts";
import { nameOf } from "../replicas/roles.ts";
import type { Candidate } from "../replicas/trial.ts";
import type { Claim } from "./claim.ts";
import type { NodeParts, ReplicaReads } from "./node_parts.ts";
import type { Place } from "./slots_reply.ts";

/** A master whose replicas are to be read. */
export interface KeptMaster {
  readonly name: string;
  readonly address: OriginAddress;
  readonly link: Link;
  readonly follower: NodeFollower;
  readonly claim: Claim;
  /** Where its replicas are. */
  readonly replicaPlaces: readonly Place[];
  readonly isResting: boolean;
  /** Asks it for slots and replicas now. */
  view(): Promise<void>;
  /** The clock jumped: no earlier proof counts. */
  doubted(): void;
}

export class ReplicaKeeper implements ReplicaListener {
  readonly #chooser: Chooser;
  readonly #parts: NodeParts;
  /** The replica that is connected; null for none. */
  #replica: Replica | null = null;
  readonly #timer: ReturnType<typeof setInterval>;
  #isBeating = false;
  /** Whether to choose at the next beat. */
  #isNew = true;
  #isClosed = false;

  /** @param ahead The keys of which clients may know more than a replica. */
  constructor(
    readonly node: KeptMaster,
    readonly options: ReplicaReads,
    readonly ahead: Ahead,
    parts: NodeParts,
  ) {
    const { readFrom } = options;
    const { options: { lease, timeout, ...link }, log } = parts;
    const rest = { isNeeded: () => !node.isResting, rested() {} };
    // Nothing more is asked of a replica, but it is no Redis that stands alone.
    const watch = () => () => Promise.resolve();
    this.#parts = { ...parts, options: { ...link, lease, timeout, watch, rest } };
    const origin = { ...node.address, isReadOnly: true };
    const replicas = () => node.replicaPlaces;
    const fields = { master: node.name };
    const wanted = { readFrom, origin, timeout, replicas };
    this.#chooser = new Chooser(wanted, node.link, lease, log, fields);
    this.#timer = setInterval(() => this.#beat(), lease / 6);
  }

  /** The replica that is connected, or is about to be; null for none. */
  get replica(): Replica | null {
    return this.#replica;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    const replica = this.#replica;
    this.#replica = null;
    replica?.close();
  }

  /** The master is connected: nothing is proven of how the two go together. */
  masterUp(): void {
    this.doubt();
    if (this.#replica === null) this.#isNew = true;
  }

  /** The master is needed again after a rest. */
  woke(): void {
    if (this.#replica === null) this.#isNew = true;
    else this.#replica.link.wake();
    this.#beat();
  }

  async authenticate(identity: Identity): Promise<void> {
    // The next one is chosen, and connected to, with the new password.
    this.#chooser.options.origin.password = identity.password;
    const replica = this.#replica;
    if (replica === null) return;
    replica.address.password = identity.password;
    await replica.origin.authenticate(identity);
  }

  caughtUp(replica: Replica, provenAt: Millis): void {
    if (this.#replica !== replica) return;
    this.node.follower.caughtUp(provenAt);
    this.#chooser.report(replica.name);
  }

  lost(replica: Replica, why: string): void {
    if (this.#replica !== replica) return;
    this.#chooser.failed(replica.name);
    this.#chooser.choice = { why: `${replica.name}: ${why}` };
    this.#leave(replica);
    this.#isNew = true;
  }

  doubted(): void {
    this.node.doubted();
  }

  /** Nothing is proven. */
  doubt(): void {
    const replica = this.#replica;
    if (replica === null) return;
    replica.doubt();
    if (replica.isProven) this.node.follower.caughtUp(-Infinity);
  }

  #leave(replica: Replica): void {
    this.#replica = null;
    replica.close();
    if (replica.isProven) this.node.follower.leftReplica();
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || this.#isClosed) return;
    this.#isBeating = true;
    try {
      await this.#look();
    } finally {
      this.#isBeating = false;
    }
  }

  async #look(): Promise<void> {
    const { node } = this;
    if ((node.isResting && !this.#isNew) || node.link.upstream === null) return;
    const present = this.#replica;
    if (!node.claim.owned.includes(1)) {
      if (present !== null) this.#leave(present);
      return;
    }
    if (present !== null) await present.check();
    const isDue = this.#chooser.isDue(present?.isProven === true ? "replica" : "master");
    if (this.#isClosed || this.#replica !== present || !(isDue || this.#isNew)) return;
    this.#isNew = false;
    await this.options.turns.take(() => this.#choose(present));
  }

  async #choose(present: Replica | null): Promise<void> {
    // One that rests has not been asked for a while.
    if (this.node.replicaPlaces.length === 0) await this.node.view();
    const choice = await this.#chooser.choose(present?.name ?? null);
    if (this.#isClosed || this.#replica !== present) return;
    if ("replica" in choice) {
      if (nameOf(choice.replica.address) === present?.name) return;
      return await this.#turnTo(choice, choice.replica, present);
    }
    // One that failed to answer now is left when its proof gets too old.
    if (present !== null && choice.why !== NEAREST_IS_MASTER) return;
    if (present !== null) this.#leave(present);
    this.#chooser.choice = choice;
    this.#chooser.report(null);
  }

  async #turnTo(choice: Choice, { address }: Candidate, present: Replica | null): Promise<void> {
    // What the present one has answered may be newer than what the next one has.
    if (present !== null) this.#leave(present);
    this.#chooser.choice = choice;
    const { node } = this;
    const replica = new Replica(address, node.link, this.ahead, node.follower, this, this.#parts);
    this.#replica = replica;
    await replica.open();
  }
}
