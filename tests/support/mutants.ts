/**
 * Tables and channels, each with one rule removed. Tests of the rules must detect each of them.
 *
 * @module
 */
import { Channel } from "../../src/cache/channel.ts";
import type { Marks } from "../../src/cache/entry.ts";
import type { CacheFlight } from "../../src/cache/flight.ts";
import { Table } from "../../src/cache/table.ts";
import type { Fetched, Key, Millis } from "../../src/core/types.ts";

/** An answer is stored if any read of its key is in flight. */
export class NoIdentity extends Table {
  protected override isCurrent(flight: CacheFlight): boolean {
    return this.flights.has(flight.key);
  }
}

/** A change of the key does not detach its flight. */
export class NoDetach extends Table {
  protected override detach(_flight: CacheFlight): void {}
}

/** After a change of the key, the answer is not stored, but others still join the flight. */
export class DoomOnly extends Table {
  protected override detach(flight: CacheFlight): void {
    flight.mayStore = false;
  }
}

/** A flush does not detach flights. */
export class NoDetachByFlush extends Table {
  override flush(): void {
    this.channel.flush();
  }
}

/** A forced read does not drop the entry. */
export class NoBypass extends Table {
  override bypass(): void {}
}

/** Freshness counts from the answer. */
export class NoSentAt extends Table {
  override settled(flight: CacheFlight, fetched: Fetched, now: Millis, mayKeep: boolean): void {
    flight.sentAt = flight.validFrom = now;
    super.settled(flight, fetched, now, mayKeep);
  }
}

/** An entry is served in any epoch. */
export class NoEpoch extends Table {
  override holds(entry: Marks, now: Millis): boolean {
    return entry.generation === this.channel.generation && now < entry.freshUntil;
  }
}

/** A flush does not drop the entries. */
export class NoGeneration extends Channel {
  override flush(): void {}
}

/** Only the invalidation connection proves anything. */
export class NoDataProbe extends Channel {
  override get provenAt(): Millis {
    return this.answeredAt.invalidation;
  }
}

/** Only the data connection proves anything. */
export class NoInvalidationProbe extends Channel {
  override get provenAt(): Millis {
    return this.answeredAt.data;
  }
}

/** A proof never expires. */
export class NoLease extends Channel {
  protected override renew(): void {
    this.leaseUntil = Infinity;
  }
}

/** A probe counts from its answer. */
export class NoProbeSentAt extends Channel {
  clock = (): Millis => 0;

  override answered(...[side]: Parameters<Channel["answered"]>): void {
    super.answered(side, this.clock());
  }
}

/** A read can be joined however old it is. */
export class NoJoinLimit extends Table {
  override join(key: Key): CacheFlight | undefined {
    return this.flights.get(key);
  }
}
