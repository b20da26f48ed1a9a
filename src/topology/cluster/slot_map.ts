/**
 * To which node requests for a slot are sent. Pure.
 *
 * A redirection counts at once. What a node says of itself counts if the node that has the slot here
 * does not say the same: two nodes may both believe that they own a slot, one of them since before a
 * failover.
 *
 * @module
 */
import { SLOTS } from "../../core/slot.ts";
import type { SlotRange } from "./slots_reply.ts";

/** @template Node What stands for a node. */
export class SlotMap<Node> {
  readonly #owners: (Node | null)[] = new Array(SLOTS).fill(null);
  /** What each node last said of itself. */
  readonly #views = new Map<Node, Uint8Array>();

  /** The node of a slot; null if no node is known. */
  of(slot: number): Node | null {
    return this.#owners[slot]!;
  }

  /** The number of slots without a node. */
  get missing(): number {
    return this.#owners.filter((owner) => owner === null).length;
  }

  /** The nodes that own slots. */
  get owners(): Set<Node> {
    const owners = new Set(this.#owners);
    owners.delete(null);
    return owners as Set<Node>;
  }

  /** The nodes and the number of their slots. */
  get counts(): Map<Node, number> {
    const counts = new Map<Node, number>();
    for (const owner of this.#owners) {
      if (owner !== null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    return counts;
  }

  /** A node redirected a request for a slot to this one. */
  moved(slot: number, node: Node): void {
    this.#owners[slot] = node;
  }

  /** A node is gone: another one may take its slots. */
  gone(node: Node): void {
    this.#views.delete(node);
  }

  /** What is known before any node has spoken of itself: fills in slots without a node. */
  fill(ranges: readonly SlotRange[], nodeOf: (range: SlotRange) => Node): void {
    for (const range of ranges) {
      const node = nodeOf(range);
      for (let slot = range.first; slot <= range.last; slot++) this.#owners[slot] ??= node;
    }
  }

  /**
   * A node has said which slots it owns.
   *
   * @returns 1 for each of them that requests are sent to it for.
   */
  viewed(node: Node, ranges: readonly SlotRange[]): Uint8Array {
    const view = new Uint8Array(SLOTS);
    for (const { first, last } of ranges) view.fill(1, first, last + 1);
    this.#views.set(node, view);
    const owned = new Uint8Array(SLOTS);
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = this.#owners[slot]!;
      if (view[slot] === 0) continue;
      const isClaimed = owner !== null && owner !== node && this.#views.get(owner)?.[slot] === 1;
      if (isClaimed) continue;
      this.#owners[slot] = node;
      owned[slot] = 1;
    }
    return owned;
  }
}
