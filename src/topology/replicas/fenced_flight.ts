/**
 * A flight that may be read at a replica, or only at the master.
 *
 * @module
 */
import type { ByteWindow } from "../../core/byte_window.ts";
import { isAboutKey } from "../../core/redis_errors.ts";
import { Failure, type Fetched, type Flight, type Key, type Millis } from "../../core/types.ts";

/** Where a flight was sent; the answer of an `unfit` replica cannot be used. */
export type Place = "master" | "replica" | "unfit";

/** Who decides where flights go. */
export interface Dispatcher {
  /** A flight is sent over the connection that reads. Returns where that leads. */
  sent(flight: Flight, now: Millis): Place;
  /** A flight that was given to that connection is over. */
  back(flight: Flight, place: Place | null, now: Millis): void;
  /** Since when the answer of the replica about a key is right at least. */
  rightAt(key: Key): Millis;
  /** Whether a key is absent if the replica does not have it. */
  readonly provesAbsence: boolean;
  /** Reads a flight again, at the master over another connection. */
  again(flight: Flight): void;
  /** Whether a key is being read over that other connection. */
  isAside(key: Key): boolean;
}

/** What a replica may say, and its master need not. */
const MASTERS = /^(NOPERM|NOAUTH|MOVED|ASK) /;

export class FencedFlight implements Flight {
  #place: Place | null = null;

  constructor(readonly flight: Flight, readonly dispatcher: Dispatcher) {}

  get key(): Key {
    return this.flight.key;
  }

  /** The key may have been written since the read was asked for, so this is the place to decide. */
  sent(now: Millis): void {
    const { flight, dispatcher } = this;
    this.#place = dispatcher.sent(flight, now);
    if (this.#place === "master") flight.sent(now);
    else if (this.#place === "replica") flight.sent(now, dispatcher.rightAt(flight.key));
  }

  narrow(length: number): ByteWindow | null {
    return this.#place === "unfit" ? null : this.flight.narrow(length);
  }

  settled(fetched: Fetched, now: Millis): void {
    if (this.#isUsable(fetched)) this.flight.settled(fetched, now);
    else this.dispatcher.again(this.flight);
    this.dispatcher.back(this.flight, this.#place, now);
  }

  /** What a replica refuses, its master may grant. */
  #isUsable(fetched: Fetched): boolean {
    const isFailure = fetched instanceof Failure;
    if (isFailure && fetched.reason === "busy") return true;
    // An earlier flight of the key may get a newer answer: this one must not get an older one.
    if (this.dispatcher.isAside(this.key)) return false;
    if (this.#place === "master") return true;
    if (this.#place !== "replica") return false;
    if (fetched === null) return this.dispatcher.provesAbsence;
    return !isFailure || (isAboutKey(fetched) && !MASTERS.test(fetched.message));
  }
}

/** A flight that is read at the master, over another connection than that to the replica. */
export class AsideFlight implements Flight {
  /**
   * @param mayKeep Whether Redis announces changes of what is read over this connection.
   * @param onSettled Called before the answer is known.
   */
  constructor(
    readonly flight: Flight,
    readonly mayKeep: boolean,
    readonly onSettled: (key: Key, now: Millis) => void,
  ) {}

  get key(): Key {
    return this.flight.key;
  }

  sent(now: Millis): void {
    this.flight.sent(now);
  }

  narrow(length: number): ByteWindow | null {
    return this.flight.narrow(length);
  }

  settled(fetched: Fetched, now: Millis): void {
    this.onSettled(this.key, now);
    this.flight.settled(fetched, now, this.mayKeep);
  }
}
