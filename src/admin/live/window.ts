/**
 * The growth of counts over the last seconds.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";

/** How many takes back the window reaches: about seconds. */
const DEPTH = 5;

/** Counts by name. */
type Counts = Readonly<Record<string, ArrayLike<number>>>;

interface Take {
  readonly at: Millis;
  readonly counts: Readonly<Record<string, Float64Array>>;
}

export class Window {
  readonly #takes: Take[] = [];

  constructor(readonly clock: () => Millis) {}

  /** Takes the counts of now. */
  take(counts: Counts): void {
    const copies = Object.entries(counts).map(([name, one]) =>
      [name, Float64Array.from(one)] as const
    );
    this.#takes.push({ at: this.clock(), counts: Object.fromEntries(copies) });
    if (this.#takes.length > DEPTH + 1) this.#takes.shift();
  }

  /** How much a count has grown since the first take in the window. */
  growth(name: string): Float64Array {
    const first = this.#takes[0]!.counts[name]!;
    const last = this.#takes.at(-1)!.counts[name]!;
    return last.map((count, index) => count - first[index]!);
  }

  /** The growth of a single number in a second. */
  rate(name: string): number {
    const seconds = (this.#takes.at(-1)!.at - this.#takes[0]!.at) / 1000;
    return seconds > 0 ? this.growth(name)[0]! / seconds : 0;
  }
}
