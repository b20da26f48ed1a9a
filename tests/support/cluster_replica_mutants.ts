/**
 * Reads from the replicas of a cluster, each with one rule removed. The tests of the rules must detect
 * each of them.
 *
 * @module
 */
import { type Life, Tenures } from "../../src/cache/cluster/tenures.ts";
import type { Millis } from "../../src/core/types.ts";
import { Claim } from "../../src/topology/cluster/claim.ts";

/** The master need not have said that it has the slot. */
export class NoClaim extends Claim {
  override rightAt(_slot: number, provenAt: Millis, since: Millis): Millis {
    return provenAt <= since ? -Infinity : Infinity;
  }
}

/** A proof from before the slot was this master's counts. */
export class NoSince extends Claim {
  override rightAt(slot: number, provenAt: Millis): Millis {
    return super.rightAt(slot, provenAt, -Infinity);
  }
}

/** Hits need no proof that the replica follows. */
export class NoCaughtUp extends Tenures {
  protected override isProven({ answeredAt }: Life, now: Millis): boolean {
    return now - Math.min(answeredAt.data, answeredAt.invalidation) <= this.lease;
  }
}

/** What was read at a replica is kept when it is left. */
export class NoRestart extends Tenures {
  override leftReplica(life: Life): void {
    life.caughtUpAt = Infinity;
    life.judge();
  }
}
