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
import type { Key, Millis } from "../../core/types.ts";
import type { RedisOrigin } from "../../origin/mod.ts";
import { Ahead } from "../replicas/ahead.ts";
import { Fence } from "../replicas/fence.ts";
import { FencedReads, type Servers } from "../replicas/fenced_reads.ts";
import type { NodeParts, ReplicaReads } from "./node_parts.ts";
import { type KeptMaster, ReplicaKeeper } from "./replica_keeper.ts";

/** A master, and reads from it. */
export interface Master extends KeptMaster {
  readonly origin: RedisOrigin;
}

/** Nothing is proven. */
const NOTHING = new Fence();

export class NodeReplicas implements Servers {
  readonly reads: FencedReads;
  readonly ahead = new Ahead();
  readonly keeper: ReplicaKeeper;

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
    const { options: { lease }, stats } = parts;
    this.keeper = new ReplicaKeeper(node, options, this.ahead, parts);
    const prove = () => this.prove();
    this.reads = new FencedReads(
      {
        read: (flights) => this.keeper.replica!.origin.read(flights),
        hasRoom: () => node.origin.hasRoom(),
        fence: prove,
      },
      node.origin,
      this,
      prove,
      { lease, stats, keepsAside: true, provesAbsence: false },
    );
  }

  /** Where flights may go in addition to the master; null for nowhere. */
  get place(): "replica" | null {
    const { replica } = this.keeper;
    const isThere = replica !== null && replica.isProven && replica.link.upstream !== null;
    return isThere ? "replica" : null;
  }

  get fence(): Fence {
    return this.keeper.replica?.fence ?? NOTHING;
  }

  get facts(): ReplicaFacts {
    const { place, fence: { provenAt, lag }, node: { link } } = this;
    const isProven = place !== null && Number.isFinite(provenAt);
    return {
      readFrom: this.options.readFrom,
      place: place ?? (link.upstream === null ? "nowhere" : "master"),
      redis: place === null ? "" : this.keeper.replica!.name,
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
      return { "read-at": place, replica: this.keeper.replica!.name };
    }
    return { "read-at": this.node.link.upstream === null ? "nowhere" : "master" };
  }

  /** A client has written a key. Until there is a replica, its first proof is still to come. */
  wrote(key: Key): void {
    if (this.keeper.replica !== null) this.ahead.note(key, performance.now());
  }

  /** A client may have written any key. */
  wroteAll(): void {
    if (this.keeper.replica !== null) this.ahead.noteAll(performance.now());
  }

  /** Resolves to true once all earlier changes of the master are known, or to false if that fails. */
  async prove(): Promise<boolean> {
    const { replica } = this.keeper;
    // The first proof of one that is not connected is still to come.
    const isThere = replica !== null && replica.link.upstream !== null;
    const [isKnown, isProven] = await Promise.all([
      this.node.link.fence(),
      !isThere || replica.prover.prove(),
    ]);
    return isKnown && isProven;
  }

  hurry(key: Key): void {
    const { replica } = this.keeper;
    if (replica === null) this.ahead.forget(key);
    else if (this.place !== null) replica.prover.hurry();
  }
}
