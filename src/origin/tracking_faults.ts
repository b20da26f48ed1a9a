/**
 * Failures of tracking at one server. After some in a row, reads go on without it.
 *
 * @module
 */
import { BrokenTracking, type Upstream } from "./upstream.ts";

/** So many failures of tracking alone are enough. It is tried again at intervals. */
const ATTEMPTS = 3;

export class TrackingFaults {
  #count = 0;
  #last: BrokenTracking | null = null;
  /** Whether this server tracked reads before. */
  #hasTracked = false;

  /** Why to connect without tracking; null to try it. */
  get enough(): BrokenTracking | null {
    return this.#count < ATTEMPTS ? null : this.#last;
  }

  failed(error: BrokenTracking): void {
    this.#count++;
    this.#last = error;
  }

  /**
   * Connections are about to be used.
   *
   * @param broken Why tracking was not tried.
   * @returns Why they have no tracking, if it failed.
   */
  took(upstream: Upstream, broken: BrokenTracking | null): BrokenTracking | null {
    const { tracking, refusal } = upstream;
    if (tracking !== null) this.#hasTracked = true;
    else if (this.isIn(upstream)) broken ??= new BrokenTracking(refusal!.message);
    if (broken === null) this.#count = 0;
    return broken;
  }

  /** Whether tracking, which this Redis has, ended the connection: then values must not be cached. */
  isIn({ refusal }: Upstream): boolean {
    return this.#hasTracked && refusal?.isClosing === true;
  }

  /** The next server is another one. */
  forget(): void {
    this.#count = 0;
    this.#hasTracked = false;
  }
}
