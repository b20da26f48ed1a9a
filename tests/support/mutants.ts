/**
 * The rules of the table and of the channel, each one taken away: what a test of the rules must find.
 *
 * @module
 */
import { Channel } from "../../src/cache/channel.ts";
import type { CacheFlight, Held } from "../../src/cache/entry.ts";
import { Table } from "../../src/cache/table.ts";
import type { Fetched, Key, Millis } from "../../src/core/types.ts";

/** An answer is kept when any flight of its key is under way. */
export class NoIdentity extends Table {
  protected override isCurrent(flight: CacheFlight): boolean {
    return this.flights.has(flight.key);
  }
}

/** A change of the key leaves its flight the current one. */
export class NoDetach extends Table {
  protected override detach(_flight: CacheFlight): void {}
}

/** A change of the key keeps its answer from being kept, but lets others go on joining it. */
export class DoomOnly extends Table {
  protected override detach(flight: CacheFlight): void {
    flight.mayStore = false;
  }
}

/** A flush leaves flights the current ones. */
export class NoDetachByFlush extends Table {
  override flush(): void {
    this.channel.flush();
  }
}

/** A forced read leaves the entry. */
export class NoBypass extends Table {
  override bypass(): void {}
}

/** Freshness is counted from the answer. */
export class NoSentAt extends Table {
  override settled(flight: CacheFlight, fetched: Fetched, now: Millis): void {
    flight.sentAt = now;
    super.settled(flight, fetched, now);
  }
}

/** An entry is answered whatever its epoch. */
export class NoEpoch extends Table {
  override holds(entry: Held, now: Millis): boolean {
    return entry.generation === this.channel.generation && now < entry.freshUntil;
  }
}

/** A flush leaves the entries. */
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

/** What was proven once holds for ever. */
export class NoLease extends Channel {
  protected override renew(): void {
    this.leaseUntil = Infinity;
  }
}

/** A probe proves what was so when it was answered. */
export class NoProbeSentAt extends Channel {
  clock = (): Millis => 0;

  override answered(...[side]: Parameters<Channel["answered"]>): void {
    super.answered(side, this.clock());
  }
}

/** A read is joined however long it is under way. */
export class NoJoinLimit extends Table {
  override join(key: Key): CacheFlight | undefined {
    return this.flights.get(key);
  }
}
