/**
 * Asks nodes of a cluster for their slots: some in turn when the cluster may be about to change, and
 * some that can confirm others.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";

/** Time in which reasons to ask nodes are gathered. */
const REFRESH: Millis = 5;

/** Nodes that are asked then, in turn, and the pause after each. What is new to one stirs all. */
const REFRESHED = 16;
const REFRESH_PAUSE: Millis = 1;

/** Other nodes that are asked at once about one that is new. */
const WITNESSES = 5;

/** A node that can be asked. */
interface Asked {
  /** Watches it for so long, also if nobody reads from it. */
  need(time: Millis): void;
  view(): Promise<void>;
}

export class Rounds {
  #isClosed = false;
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  #refreshAfter: Millis = -Infinity;
  /** Whose turn it is. */
  #turn = 0;
  /** Whether nodes are about to be asked for those that have to be confirmed. */
  #isAsking = false;

  /**
   * @param connected The nodes that are connected.
   * @param watched How long a node is watched that was asked because of a change.
   */
  constructor(readonly connected: () => readonly Asked[], readonly watched: Millis) {}

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#refreshing);
  }

  /** The cluster may be about to change: asks some soon. */
  refresh(): void {
    if (this.#isClosed) return;
    const wait = Math.max(REFRESH, this.#refreshAfter - performance.now());
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      const connected = this.connected();
      const count = Math.min(REFRESHED, connected.length);
      this.#refreshAfter = performance.now() + count * REFRESH_PAUSE;
      for (let asked = 0; asked < count; asked++) {
        const node = connected[this.#turn++ % connected.length]!;
        node.need(this.watched);
        node.view();
      }
    }, wait);
  }

  /** Asks others to name those that are not confirmed. Who does not know them yet is asked in turn. */
  askWitnesses(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    queueMicrotask(() => {
      this.#isAsking = false;
      for (const node of this.connected().slice(0, WITNESSES + 1)) node.view();
    });
  }
}
