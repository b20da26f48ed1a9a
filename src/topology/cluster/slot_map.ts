/**
 * To which node requests for a slot are sent. Pure.
 *
 * A redirection counts at once. What a node says of itself counts if the node that has the slot here
 * does not say the same: two nodes may both believe that they own a slot, one of them since before a
 * failover.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { SLOTS } from "../../core/slot.ts";
import type { SlotRange } from "./slots_reply.ts";

/** @template Node What stands for a node. */
export class SlotMap<Node> {
  readonly #owners: (Node | null)[] = new Array(SLOTS).fill(null);
  /** What each node last said of itself. */
  readonly #views = new Map<Node, Uint8Array>();
  /** The nodes that own slots; null after a change. */
  #known: ReadonlySet<Node> | null = null;

  /** The node of a slot; null if no node is known. */
  of(slot: number): Node | null {
    return this.#owners[slot]!;
  }

  /** The number of slots without a node. */
  get missing(): number {
    return this.#owners.filter((owner) => owner === null).length;
  }

  /** The nodes that own slots. */
  get owners(): ReadonlySet<Node> {
    if (this.#known === null) {
      const owners = new Set(this.#owners);
      owners.delete(null);
      this.#known = owners as Set<Node>;
    }
    return this.#known;
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
    this.#known = null;
  }

  /** A node is gone: another one may take its slots. */
  gone(node: Node): void {
    this.#views.delete(node);
  }

  /** What is known before any node has spoken of itself: fills in slots without a node. */
  fill(ranges: readonly SlotRange[], nodeOf: (range: SlotRange) => Node): void {
    this.#known = null;
    for (const range of ranges) {
      const node = nodeOf(range);
      for (let slot = range.first; slot <= range.last; slot++) this.#owners[slot] ??= node;
    }
  }

  /**
   * A node has said which slots it owns.
   *
   * @param before What was returned last. If nothing has changed, it is returned again.
   * @returns 1 for each of them that requests are sent to it for.
   */
  viewed(node: Node, ranges: readonly SlotRange[], before?: Uint8Array): Uint8Array {
    const view = new Uint8Array(SLOTS);
    for (const { first, last } of ranges) view.fill(1, first, last + 1);
    this.#views.set(node, view);
    this.#known = null;
    const owned = new Uint8Array(SLOTS);
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = this.#owners[slot]!;
      if (view[slot] === 0) continue;
      const isClaimed = owner !== null && owner !== node && this.#views.get(owner)?.[slot] === 1;
      if (isClaimed) continue;
      this.#owners[slot] = node;
      owned[slot] = 1;
    }
    const result = before !== undefined && isEqual(before, owned) ? before : owned;
    // Most nodes get what they claim: then one array serves both.
    if (isEqual(view, owned)) this.#views.set(node, result);
    return result;
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
