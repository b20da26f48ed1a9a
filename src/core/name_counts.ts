/**
 * Counts events by name. Clients choose the names of commands, so the number of names is bounded.
 *
 * @module
 */

/** The most spellings to remember. */
const SPELLINGS = 2000;

/** Counts of names, in lower case. */
export class NameCounts {
  readonly #counts = new Map<string, { count: number }>();
  /** The same counts by each spelling of a name. Most clients use only one. */
  readonly #spellings = new Map<string, { count: number }>();

  /**
   * Counts an event.
   *
   * @param spelling The name, in any case.
   * @param isKnown Whether a name in lower case has a count of its own; others count as `other`.
   */
  add(spelling: string, isKnown: (name: string) => boolean): void {
    const counted = this.#spellings.get(spelling);
    if (counted !== undefined) counted.count++;
    else this.#find(spelling, isKnown).count++;
  }

  /** The counts so far. */
  entries(): [name: string, count: number][] {
    return Array.from(this.#counts, ([name, { count }]) => [name, count]);
  }

  #find(spelling: string, isKnown: (name: string) => boolean): { count: number } {
    const lower = spelling.toLowerCase();
    const isOwn = isKnown(lower);
    const name = isOwn ? lower : "other";
    let counted = this.#counts.get(name);
    if (counted === undefined) this.#counts.set(name, counted = { count: 0 });
    // An unknown name may become known once the server's table arrives.
    if (isOwn && this.#spellings.size < SPELLINGS) this.#spellings.set(spelling, counted);
    return counted;
  }
}
