/**
 * Reads from a replica of one master of a cluster, as far as that keeps the promises of the cache, and
 * from the master otherwise.
 *
 * The link to the master stays as it is without replicas: it proves that the master has its slots, and
 * announces changes of what is read there. So that is kept, too. A second link leads to a replica,
 * which is read once it is proven.
 *
 * @module
 */
import type { ReplicaFacts } from "../../core/facts.ts";
import { slotOf } from "../../core/slot.ts";
import type { Flight, Key, Millis, Origin } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { NodeFollower } from "../../origin/follower.ts";
import type { Identity } from "../../origin/greeting.ts";
import type { Link } from "../../origin/link.ts";
import type { RedisOrigin } from "../../origin/mod.ts";
import { Ahead } from "../replicas/ahead.ts";
import { type Choice, NEAREST_IS_MASTER } from "../replicas/choice.ts";
import { Chooser } from "../replicas/chooser.ts";
import { Fence } from "../replicas/fence.ts";
import { FencedReads, type Servers } from "../replicas/fenced_reads.ts";
import { Replica, type ReplicaListener } from "../replicas/replica.ts";
import { nameOf } from "../replicas/roles.ts";
import type { Candidate } from "../replicas/trial.ts";
import type { Claim } from "./claim.ts";
import type { NodeParts, ReplicaReads } from "./node_parts.ts";
import type { Place } from "./slots_reply.ts";

/** A master, as far as reads from its replicas need it. */
export interface Master {
  readonly name: string;
  readonly address: OriginAddress;
  readonly link: Link;
  readonly origin: RedisOrigin;
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

const NOTHING = new Fence();

export class NodeReplicas implements Servers, ReplicaListener {
  readonly reads: FencedReads;
  readonly ahead = new Ahead();
  readonly #chooser: Chooser;
  readonly #parts: NodeParts;
  /** The replica that is connected; null for none. */
  #replica: Replica | null = null;
  readonly #timer: ReturnType<typeof setInterval>;
  #isBeating = false;
  /** Whether to choose at the next beat. */
  #isNew = true;
  #isClosed = false;

  /**
   * @param node The master.
   * @param since Since when a slot is the master's.
   */
  constructor(
    readonly node: Master,
    readonly options: ReplicaReads,
    readonly since: (slot: number) => Millis,
    parts: NodeParts,
  ) {
    const { options: link, stats, log } = parts;
    const rest = { isNeeded: () => !node.isResting, rested() {} };
    // Nothing more is asked of a replica, but it is no Redis that stands alone.
    const watch = () => () => Promise.resolve();
    this.#parts = { ...parts, options: { ...link, watch, rest } };
    this.#chooser = new Chooser(
      {
        readFrom: options.readFrom,
        origin: { ...node.address, isReadOnly: true },
        timeout: link.timeout,
        replicas: () => node.replicaPlaces,
      },
      node.link,
      link.lease,
      log,
      { master: node.name },
    );
    const near: Pick<Origin, "read" | "hasRoom"> = {
      read: (flights: readonly Flight[]) => this.#replica!.origin.read(flights),
      hasRoom: () => node.origin.hasRoom(),
    };
    this.reads = new FencedReads(
      { ...near, fence: () => this.prove() },
      node.origin,
      this,
      () => this.prove(),
      { lease: link.lease, stats, keepsAside: true, provesAbsence: false },
    );
    this.#timer = setInterval(() => this.#beat(), link.lease / 6);
  }

  /** Where flights may go in addition to the master; null for nowhere. */
  get place(): "replica" | null {
    const replica = this.#replica;
    return replica !== null && replica.isProven && replica.link.upstream !== null
      ? "replica"
      : null;
  }

  get fence(): Fence {
    return this.#replica?.fence ?? NOTHING;
  }

  get facts(): ReplicaFacts {
    const { place, fence: { provenAt, lag }, node: { link } } = this;
    const isProven = place !== null && Number.isFinite(provenAt);
    return {
      readFrom: this.options.readFrom,
      place: place ?? (link.upstream === null ? "nowhere" : "master"),
      redis: place === null ? "" : this.#replica!.name,
      provenAge: isProven ? Math.round(performance.now() - provenAt) : -1,
      lag: place === null ? 0 : lag,
    };
  }

  rightAt(key: Key): Millis {
    const slot = slotOf(key);
    return this.node.claim.rightAt(slot, this.fence.provenAt, this.since(slot));
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    const { place } = this;
    if (place !== null && this.reads.mayRead({ key }, now)) {
      return { "read-at": place, replica: this.#replica!.name };
    }
    return { "read-at": this.node.link.upstream === null ? "nowhere" : "master" };
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

  wrote(key: Key): void {
    if (this.#replica !== null) this.ahead.note(key, performance.now());
  }

  wroteAll(): void {
    if (this.#replica !== null) this.ahead.noteAll(performance.now());
  }

  /** Resolves to true once all earlier changes of the master are known, or to false if that fails. */
  async prove(): Promise<boolean> {
    const replica = this.#replica;
    // The first proof of one that is not connected is still to come.
    const isThere = replica !== null && replica.link.upstream !== null;
    const [isKnown, isProven] = await Promise.all([
      this.node.link.fence(),
      !isThere || replica.prover.prove(),
    ]);
    return isKnown && isProven;
  }

  /** A key was read at the master: the replica may have caught up soon. */
  hurry(key: Key): void {
    const replica = this.#replica;
    if (replica === null) this.ahead.forget(key);
    else if (this.place !== null) replica.prover.hurry();
  }

  async authenticate(identity: Identity): Promise<void> {
    const replica = this.#replica;
    // The next one is chosen, and connected to, with the new password.
    this.#chooser.options.origin.password = identity.password;
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

  /** The clock jumped. */
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
    const isDue = this.#chooser.isDue(this.place ?? "master");
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
