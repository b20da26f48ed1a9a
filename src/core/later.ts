/**
 * A result that comes later, for one waiter: a promise without its cost. The proxy makes hundreds
 * of thousands each second, most are known before anybody looks, and none needs a chain of
 * callbacks.
 *
 * @module
 */

/** A result of type T, known once `settle` was called. */
export class Later<T> {
  /** The result; undefined until it is known. */
  value: T | undefined;
  /** Whether the result is known. */
  isKnown = false;
  /** Whether nobody waits any more, so that a long result need not be held. */
  isAbandoned = false;
  #wake: (() => void) | undefined;

  /** Makes the result known. Only the first call counts. */
  settle(value: T): void {
    if (this.isKnown) return;
    this.value = value;
    this.isKnown = true;
    this.#wake?.();
  }

  /** Resolves once the result is known. */
  known(): Promise<void> {
    if (this.isKnown) return Promise.resolve();
    return new Promise((resolve) => this.#wake = resolve);
  }
}
