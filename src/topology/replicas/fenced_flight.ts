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
  /** Since when the answer of the replica is right at least. */
  readonly provenAt: Millis;
  /** Reads a flight again, at the master over another connection. */
  again(flight: Flight): void;
  /** Whether a key is being read over that other connection. */
  isAside(key: Key): boolean;
}

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
    else if (this.#place === "replica") flight.sent(now, dispatcher.provenAt);
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
    const isAnswer = !isFailure || (isAboutKey(fetched) && !/^NO(PERM|AUTH)/.test(fetched.message));
    return this.#place === "replica" && isAnswer;
  }
}

/** A flight that is read at the master, over a connection that Redis tells no changes. */
export class AsideFlight implements Flight {
  /** @param onSettled Called before the answer is known. */
  constructor(readonly flight: Flight, readonly onSettled: (key: Key, now: Millis) => void) {}

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
    this.flight.settled(fetched, now, false);
  }
}
