/**
 * Counts the connections that a server closes at the same step.
 *
 * @module
 */

/** If so many connections in a row end at a step, this is the server's answer. */
const ANSWER = 2;

/** The steps at which a server closes connections. */
export class Closings {
  readonly #counts = new Map<string, number>();

  /** Whether the server closes connections at this step. */
  has(step: string): boolean {
    return (this.#counts.get(step) ?? 0) >= ANSWER;
  }

  note(step: string): void {
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
  }

  forget(step: string): void {
    this.#counts.delete(step);
  }
}
