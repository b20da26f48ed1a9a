/**
 * Reads from replicas, each with one rule removed. The tests of the rules must detect each of them.
 *
 * @module
 */
import { Channel, type ChannelOptions } from "../../src/cache/channel.ts";
import type { Fetched, Flight, Millis } from "../../src/core/types.ts";
import { Ahead } from "../../src/topology/replicas/ahead.ts";
import { Fence } from "../../src/topology/replicas/fence.ts";
import type { Place } from "../../src/topology/replicas/fenced_flight.ts";
import { FencedReads } from "../../src/topology/replicas/fenced_reads.ts";

/** The offset of the replica proves nothing, and is not asked for. */
export class NoOffset extends Fence {
  override applied(): void {
    super.applied(Infinity);
  }
}

/** A proof never gets too old. */
export class NoLeaseOfReads extends FencedReads {
  override mayRead(flight: Flight): boolean {
    return super.mayRead(flight, this.servers.fence.provenAt);
  }
}

/** A key that a client has written is read from the replica at once. */
export class NoOwnWrites extends Ahead {
  override note(): void {}
}

/** A key that was read at the master is read from the replica at once. */
export class NoMasterReads extends Ahead {
  override begin(): void {}
  override end(): void {}
}

/** Whether a replica may be read is decided only when the read is asked for. */
export class NoSecondLook extends FencedReads {
  override sent(flight: Flight, now: Millis): Place {
    const place = super.sent(flight, now);
    return place === "unfit" ? "replica" : place;
  }
}

/** A value that was read at the master is cached, though no change of it is announced. */
export class KeepAside extends FencedReads {
  override again(flight: Flight): void {
    super.again({
      key: flight.key,
      sent: (now, validFrom) => flight.sent(now, validFrom),
      narrow: (length) => flight.narrow(length),
      settled: (fetched: Fetched, now: Millis) => flight.settled(fetched, now),
    });
  }
}

/** A key may be read over both connections at once. */
export class NoTurns extends FencedReads {
  protected override goAside(flight: Flight): void {
    this.again(flight);
  }
}

/** A forced read goes to the replica. */
export class NoForcedReads extends FencedReads {
  override mayRead(flight: Flight, now: Millis): boolean {
    return super.mayRead({ key: flight.key }, now);
  }
}

/** Hits need no proof that the replica follows its master. */
export class NoProofOfHits extends Channel {
  constructor(options: ChannelOptions) {
    super({ ...options, isWitnessed: false });
  }
}
