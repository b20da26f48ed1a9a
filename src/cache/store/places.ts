/**
 * A hash table of numbers: pairs of a hash and a place in one array. With linear probing, a search
 * reads one cache line. The caller knows what a place means, and compares the key there.
 *
 * @module
 */

/** No place. The array holds each place plus one. */
export const NONE = -1;

/** Slots of an empty table. Every size is a power of two. */
const FIRST_SLOTS = 256;

export class Places {
  /** A hash at each even index, and its place plus one behind it. A 0 there ends a search. */
  slots = new Int32Array(2 * FIRST_SLOTS);
  /** The bits of a hash that say where a search begins. */
  mask = FIRST_SLOTS - 1;
  size = 0;

  /** The memory of the table, in bytes; 0 for an empty table. */
  get bytes(): number {
    return this.size === 0 ? 0 : this.slots.byteLength;
  }

  insert(hash: number, place: number): void {
    if (2 * this.size > this.mask) this.#resize(2 * this.mask + 1);
    this.#put(hash, place + 1);
    this.size++;
  }

  /** Changes the place of an entry. */
  move(hash: number, from: number, to: number): void {
    this.slots[2 * this.#slotOf(hash, from) + 1] = to + 1;
  }

  /**
   * Moves up the entries after the gap, so that no tombstones are needed (Knuth, 6.4 algorithm R).
   */
  remove(hash: number, place: number): void {
    const { slots, mask } = this;
    let gap = this.#slotOf(hash, place);
    for (let slot = (gap + 1) & mask; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      const home = slots[2 * slot]! & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[2 * gap] = slots[2 * slot]!;
      slots[2 * gap + 1] = slots[2 * slot + 1]!;
      gap = slot;
    }
    slots[2 * gap + 1] = 0;
    this.size--;
    if (16 * this.size < mask && mask >= FIRST_SLOTS) this.#resize(mask >>> 1);
  }

  #slotOf(hash: number, place: number): number {
    const { slots, mask } = this;
    let slot = hash & mask;
    while (slots[2 * slot + 1] !== place + 1) slot = (slot + 1) & mask;
    return slot;
  }

  #put(hash: number, stored: number): void {
    const { slots, mask } = this;
    let slot = hash & mask;
    while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
    slots[2 * slot] = hash;
    slots[2 * slot + 1] = stored;
  }

  #resize(mask: number): void {
    const old = this.slots;
    this.mask = mask;
    this.slots = new Int32Array(2 * (mask + 1));
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#put(old[at]!, old[at + 1]!);
    }
  }
}
