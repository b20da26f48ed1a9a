/**
 * Notes on the records of a segment.
 *
 * @module
 */

/** The number of notes in all segments of a store. */
export interface NoteCount {
  count: number;
}

export class Notes {
  /** The notes by the offset of their record. */
  readonly #notes = new Map<number, string>();
  #total: NoteCount;

  constructor(total: NoteCount) {
    this.#total = total;
  }

  get(offset: number): string | null {
    return this.#notes.get(offset) ?? null;
  }

  /** Replaces a note; null removes it. */
  set(offset: number, note: string | null): void {
    const before = this.#notes.size;
    if (note === null) this.#notes.delete(offset);
    else this.#notes.set(offset, note);
    this.#total.count += this.#notes.size - before;
  }

  /** Stops counting: the segment is dropped, and lives only as long as somebody holds it. */
  drop(): void {
    this.#total.count -= this.#notes.size;
    this.#total = { count: 0 };
  }
}
