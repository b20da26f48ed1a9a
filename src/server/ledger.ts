/**
 * The memory that is held for clients until they take it: replies, and requests that were read
 * ahead. A value that several clients wait for counts once.
 *
 * @module
 */
export class Ledger {
  #bytes = 0;
  /** The number of holders of each piece of memory. */
  readonly #shares = new Map<ArrayBufferLike, number>();
  readonly #listeners: (() => void)[] = [];

  /** @param limit Bytes that may be held. */
  constructor(readonly limit: number) {}

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more is held than the limit. */
  get isOver(): boolean {
    return this.#bytes > this.limit;
  }

  /** Calls a listener each time the held bytes decrease. */
  whenLess(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Counts bytes, until `remove`. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Stops counting them. */
  remove(bytes: number): void {
    if (bytes === 0) return;
    this.#bytes -= bytes;
    for (const listener of this.#listeners) listener();
  }

  /** Counts memory, until `release` is called as often. */
  hold(memory: readonly ArrayBufferLike[]): void {
    for (const buffer of memory) {
      const shares = this.#shares.get(buffer) ?? 0;
      this.#shares.set(buffer, shares + 1);
      if (shares === 0) this.#bytes += buffer.byteLength;
    }
  }

  /** Stops counting it once nobody holds it. */
  release(memory: readonly ArrayBufferLike[]): void {
    let bytes = 0;
    for (const buffer of memory) {
      const shares = this.#shares.get(buffer)! - 1;
      if (shares > 0) {
        this.#shares.set(buffer, shares);
      } else {
        this.#shares.delete(buffer);
        bytes += buffer.byteLength;
      }
    }
    this.remove(bytes);
  }
}
