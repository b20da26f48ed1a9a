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
import type { Millis } from "../../core/types.ts";
import type { SlotRange } from "./slots_reply.ts";

/** Memory to work in. */
const VIEW = new Uint8Array(SLOTS);
const OWNED = new Uint8Array(SLOTS);

/** @template Node What stands for a node. */
export class SlotMap<Node> {
  /**
   * The number of each slot's node; 0 for none. Numbers take a quarter of the room of nodes, so the
   * node of any slot is found in the caches of the CPU.
   */
  readonly #owners = new Uint16Array(SLOTS);
  /** The nodes by their numbers. The number of a node without slots goes to another one. */
  readonly #nodes: (Node | null)[] = [null];
  /** The number that was given last. */
  #last = 0;
  /** What each node last said of itself. */
  readonly #views = new Map<Node, Uint8Array>();
  readonly #counts = new Map<Node, number>();
  /** The nodes that own slots; null after a change. */
  #known: ReadonlySet<Node> | null = null;
  #missing = SLOTS;
  /** Since when slots have their nodes; null if nobody wants to know. */
  readonly #since: Float64Array | null;

  /** @param clock Has it remember since when slots have their nodes. */
  constructor(readonly clock: (() => Millis) | null = null) {
    this.#since = clock === null ? null : new Float64Array(SLOTS).fill(-Infinity);
  }

  /** The node of a slot; null if no node is known. */
  of(slot: number): Node | null {
    return this.#nodes[this.#owners[slot]!]!;
  }

  /** Since when a slot has its node; -Infinity if that is not remembered. */
  since(slot: number): Millis {
    return this.#since?.[slot] ?? -Infinity;
  }

  /** The number of slots without a node. */
  get missing(): number {
    return this.#missing;
  }

  /** The nodes that own slots: the same set until it changes. */
  get owners(): ReadonlySet<Node> {
    return this.#known ??= new Set(this.#counts.keys());
  }

  /** The nodes and the number of their slots. */
  get counts(): ReadonlyMap<Node, number> {
    return this.#counts;
  }

  /** A node redirected a request for a slot to this one. */
  moved(slot: number, node: Node): void {
    this.#give(slot, node);
  }

  /** A node is gone: another one may take its slots. */
  gone(node: Node): void {
    this.#views.delete(node);
  }

  /** What is known before any node has spoken of itself: fills in slots without a node. */
  fill(node: Node, ranges: readonly SlotRange[]): void {
    if (this.#missing === 0) return;
    for (const { first, last } of ranges) {
      for (let slot = first; slot <= last; slot++) {
        if (this.#owners[slot] === 0) this.#give(slot, node);
      }
    }
  }

  /**
   * A node has said which slots it owns.
   *
   * @param before What was returned last. If nothing has changed, it is returned again.
   * @returns 1 for each of them that requests are sent to it for.
   */
  viewed(node: Node, ranges: readonly SlotRange[], before?: Uint8Array): Uint8Array {
    const view = VIEW.fill(0);
    const owned = OWNED.fill(0);
    for (const { first, last } of ranges) {
      for (let slot = first; slot <= last; slot++) {
        view[slot] = 1;
        const owner = this.of(slot);
        const isClaimed = owner !== null && owner !== node && this.#views.get(owner)?.[slot] === 1;
        if (isClaimed) continue;
        this.#give(slot, node);
        owned[slot] = 1;
      }
    }
    const result = keep(owned, before);
    // Most nodes get what they claim: then one array serves both.
    this.#views.set(node, isEqual(view, result) ? result : keep(view, this.#views.get(node)));
    return result;
  }

  #give(slot: number, node: Node): void {
    const before = this.of(slot);
    if (before === node) return;
    this.#owners[slot] = this.#numberOf(node);
    if (this.#since !== null) this.#since[slot] = this.clock!();
    if (before === null) this.#missing--;
    else this.#count(before, -1);
    this.#count(node, 1);
  }

  /** Returns the number of a node that gets a slot. */
  #numberOf(node: Node): number {
    if (node !== this.#nodes[this.#last]) {
      this.#last = this.#nodes.indexOf(node);
      if (this.#last < 0) this.#last = this.#nodes.indexOf(null, 1);
      if (this.#last < 0) this.#last = this.#nodes.length;
      this.#nodes[this.#last] = node;
    }
    return this.#last;
  }

  #count(node: Node, change: number): void {
    const before = this.#counts.get(node) ?? 0;
    const count = before + change;
    if (count === 0) {
      this.#counts.delete(node);
      this.#nodes[this.#nodes.indexOf(node)] = null;
    } else {
      this.#counts.set(node, count);
    }
    if (before === 0 || count === 0) this.#known = null;
  }
}

/** Returns an array with these bytes: the one from before, if it has them. */
function keep(bytes: Uint8Array, before: Uint8Array | undefined): Uint8Array {
  return before !== undefined && isEqual(before, bytes) ? before : bytes.slice();
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
