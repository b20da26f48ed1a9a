/**
 * The fence of a replica: up to which moment it has all changes of its master. Pure.
 *
 * The master is asked for its offset in the stream of replication at some moment. A replica that has
 * applied the stream up to this offset has every change that the master made before that moment.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";

/** An offset of the master, and when it was asked for. */
interface Sample {
  readonly sentAt: Millis;
  readonly offset: number;
}

/** The most samples that a replica which lags has not reached yet. */
const SAMPLES = 64;

export class Fence {
  /** The replica has all changes that the master made before this moment. */
  provenAt: Millis = -Infinity;
  /** How far the replica was behind the master's last offset, in bytes. */
  lag = 0;
  /** The samples that the replica has not reached, the oldest first. */
  #samples: Sample[] = [];
  #offset = 0;

  /** The master had this offset when it was asked at `sentAt`, or a smaller one. */
  asked(offset: number, sentAt: Millis): void {
    this.#offset = offset;
    // The oldest ones stay: a replica that lags reaches them first.
    if (this.#samples.length === SAMPLES) this.#samples.pop();
    this.#samples.push({ offset, sentAt });
  }

  /** The replica has applied the stream of its master up to this offset. */
  applied(offset: number): void {
    const reached = this.#samples.filter((sample) => sample.offset <= offset);
    this.#samples = this.#samples.slice(reached.length);
    this.provenAt = Math.max(this.provenAt, reached.at(-1)?.sentAt ?? -Infinity);
    this.lag = Math.max(0, this.#offset - offset);
  }

  /** Another replica or another master: nothing is proven. */
  reset(): void {
    this.provenAt = -Infinity;
    this.lag = 0;
    this.#samples = [];
  }
}
