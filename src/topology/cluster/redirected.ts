/**
 * A flight in a cluster: an answer that redirects it, or says "not now", sends it on instead of
 * ending it.
 *
 * @module
 */
import type { ByteWindow } from "../../core/byte_window.ts";
import { isNotNow } from "../../core/redis_errors.ts";
import { slotOf } from "../../core/slot.ts";
import { Failure, type Fetched, type Flight, type Key, type Millis } from "../../core/types.ts";

/** Who sends flights on. */
export interface Guide {
  /** A node did not serve a flight. Returns false if the flight is to end with this failure. */
  redirect(flight: RoutedFlight, failure: Failure, now: Millis): boolean;
}

export class RoutedFlight implements Flight {
  readonly slot: number;
  /** How often it was sent on. */
  hops = 0;
  /** The host of the node that is asked. */
  host = "";

  /** @param deadline Until when it may be sent on. */
  constructor(readonly flight: Flight, readonly guide: Guide, readonly deadline: Millis) {
    this.slot = flight.slot ??= slotOf(flight.key);
  }

  get key(): Key {
    return this.flight.key;
  }

  get mustBeCurrent(): boolean {
    return this.flight.mustBeCurrent === true;
  }

  sent(now: Millis, validFrom?: Millis): void {
    this.flight.sent(now, validFrom);
  }

  narrow(length: number): ByteWindow | null {
    return this.flight.narrow(length);
  }

  settled(fetched: Fetched, now: Millis, mayKeep?: boolean): void {
    if (!(fetched instanceof Failure)) return this.flight.settled(fetched, now, mayKeep);
    // A node that is "unready" has refused keys, which ended its connection.
    const { reason, message } = fetched;
    const isRefusal = reason === "reply" || reason === "unready";
    if (isRefusal && this.guide.redirect(this, fetched, now)) return;
    // It is about the cluster, not about the key: the next read of the key need not wait.
    const isUnready = isRefusal && isNotNow(message);
    this.flight.settled(isUnready ? new Failure("unready", message) : fetched, now);
  }
}
