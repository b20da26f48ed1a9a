/**
 * A budget of bytes with a queue: first come, first served. What is larger than the whole budget is
 * let in when nothing else is, so that nothing waits for ever.
 *
 * @module
 */
export class ByteBudget {
  #held = 0;
  #queue: { bytes: number; grant: () => void }[] = [];

  /** @param limit Bytes that may be held at once. */
  constructor(readonly limit: number) {}

  /** The bytes that are held. */
  get held(): number {
    return this.#held;
  }

  /** The number of those who wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Waits until there is room, and takes it. */
  acquire(bytes: number): Promise<void> {
    if (this.#queue.length === 0 && this.#fits(bytes)) {
      this.#held += bytes;
      return Promise.resolve();
    }
    return new Promise((grant) => this.#queue.push({ bytes, grant }));
  }

  /** Gives room back. */
  release(bytes: number): void {
    this.#held -= bytes;
    while (this.#queue.length > 0 && this.#fits(this.#queue[0]!.bytes)) {
      const { bytes, grant } = this.#queue.shift()!;
      this.#held += bytes;
      grant();
    }
  }

  #fits(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.limit;
  }
}
