/**
 * A result that comes later: a promise without its cost. The proxy makes hundreds of thousands each
 * second, most are known before anybody looks, and few need a chain of callbacks.
 *
 * @module
 */

/** A result of type T, known once `settle` was called. It can be awaited, and never rejects. */
export class Later<T> implements PromiseLike<T> {
  /** The result; undefined until it is known. */
  value: T | undefined;
  /** Whether the result is known. */
  isKnown = false;
  /** Whether nobody waits any more, so that a long result need not be held. */
  isAbandoned = false;
  #promise: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  /** Returns the result of a promise that must not reject. */
  static of<T>(promise: Promise<T>): Later<T> {
    const later = new Later<T>();
    promise.then((value) => later.settle(value));
    return later;
  }

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
    return this.#promise ??= new Promise((resolve) => this.#wake = resolve);
  }

  /** Calls a function with the result once it is known. */
  then<R = T, E = never>(
    onKnown?: ((value: T) => R | PromiseLike<R>) | null,
    onError?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.known().then(() => this.value as T).then(onKnown, onError);
  }
}
