/**
 * A hash table of numbers: pairs of a hash and a place in one array, with linear probing, so that a
 * look costs one cache line. Its user knows what a place means and whether the key there is the one
 * that is wanted.
 *
 * @module
 */

/** No place; places are stored plus one. */
export const NONE = -1;

/** Slots of an empty table; every size is a power of two. */
const FIRST_SLOTS = 256;

export class Places {
  /** A hash at each even index, its place plus one behind it; a place of 0 ends a search. */
  slots = new Int32Array(2 * FIRST_SLOTS);
  /** The bits of a hash that tell where to look first. */
  mask = FIRST_SLOTS - 1;
  size = 0;

  /** The memory of the table, in bytes; an empty one counts for nothing. */
  get bytes(): number {
    return this.size === 0 ? 0 : this.slots.byteLength;
  }

  insert(hash: number, place: number): void {
    if (2 * this.size > this.mask) this.#resize(2 * this.mask + 1);
    this.#put(hash, place + 1);
    this.size++;
  }

  /** Gives an entry another place. */
  move(hash: number, from: number, to: number): void {
    this.slots[2 * this.#slotOf(hash, from) + 1] = to + 1;
  }

  /** Closes the gap by moving up what stands behind it: no tombstones (Knuth, 6.4 algorithm R). */
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
