/**
 * A reply that is too long to be sent at once, and a mark for a reply that never comes.
 *
 * @module
 */

/** Stands for a reply that never comes: the client's connection ends, as Redis would end it. */
export const HANG_UP = Symbol("hang up");

/** A long reply, part by part, for one reader. Parts that nobody has taken yet are held in memory. */
export class ReplyStream {
  #parts: Uint8Array[] = [];
  #isDone = false;
  #isCut = false;
  #isStopped = false;
  #wake: (() => void) | null = null;
  #taken: (() => void) | null = null;
  /** Bytes that wait to be taken. */
  held = 0;

  /**
   * Makes a stream without parts.
   *
   * @param onHeld Called with the change in the number of held bytes.
   */
  constructor(readonly onHeld: (change: number) => void = () => {}) {}

  /** Whether the rest of the reply will not come, or nobody will take it. */
  get isCut(): boolean {
    return this.#isCut || this.#isStopped;
  }

  /** Adds a part. Returns a promise of the moment when all parts are taken. */
  push(part: Uint8Array): Promise<void> {
    if (this.isCut) return Promise.resolve();
    this.#parts.push(part);
    this.#hold(part.length);
    this.#wake?.();
    return new Promise((resolve) => this.#taken = resolve);
  }

  /** The reply is complete. */
  end(): void {
    this.#isDone = true;
    this.#wake?.();
  }

  /** Ends the stream early. The reader still gets the parts that have come. */
  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }

  /** The rest will not come, or nobody will take it: frees what is held. */
  cut(): void {
    this.#isCut = true;
    this.#hold(-this.held);
    this.#parts = [];
    this.#taken?.();
    this.#wake?.();
  }

  /** The next part; null at the end, or once the stream is cut. */
  async next(): Promise<Uint8Array | null> {
    while (this.#parts.length === 0) {
      this.#taken?.();
      this.#taken = null;
      if (this.#isDone || this.isCut) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = null;
    }
    const part = this.#parts.shift()!;
    this.#hold(-part.length);
    return part;
  }

  #hold(change: number): void {
    this.held += change;
    if (change !== 0) this.onHeld(change);
  }
}
