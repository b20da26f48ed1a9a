/**
 * Joins callers of the same question, such as a probe of Redis.
 *
 * @module
 */

/**
 * A question that is asked once at a time. Callers that come before it is asked next share that
 * answer, so no caller gets an answer to a question that was asked before it came.
 */
export class NextRun<T> {
  #current: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  /**
   * Makes a question that nobody has asked yet.
   *
   * @param run Asks the question. Never rejects.
   */
  constructor(readonly run: () => Promise<T>) {}

  /** Asks after all questions that were asked before. */
  ask(): Promise<T> {
    return this.#next ??= this.#askNext();
  }

  async #askNext(): Promise<T> {
    // Even without a wait, the caller gets the promise first.
    await this.#current;
    this.#current = this.#next;
    this.#next = null;
    const answer = await this.run();
    this.#current = null;
    return answer;
  }
}
