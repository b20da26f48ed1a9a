/**
 * Who waits for which reply: Redis answers in the order of the requests, so a queue is enough.
 *
 * @module
 */

/** What takes replies. A promise that it returns holds back all that comes after. */
export interface Receiver {
  /** Takes a reply, or what is left of one after its parts. The bytes may change after the call. */
  reply(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
  /** Takes a part of a reply that is too long to come at once. Without it, replies come whole. */
  part?(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
  /**
   * The connection ended before all replies came.
   *
   * @param isSent Whether Redis may have got the request.
   */
  lost(isSent: boolean): void;
}

interface Entry {
  readonly receiver: Receiver;
  replies: number;
}

/** Entries that are done stay in the queue until there are so many. */
const DONE_MAX = 1024;

export class Expected {
  /** The number of replies that are still to come. */
  replies = 0;
  #queue: Entry[] = [];
  /** The first entry that still waits. */
  #head = 0;
  /** The first entry whose request was not given to a write. */
  #unsent = 0;

  /** Who gets the next reply; undefined when nobody waits for one. */
  get first(): Receiver | undefined {
    return this.#queue[this.#head]?.receiver;
  }

  /** A request was made that has so many replies. */
  add(replies: number, receiver: Receiver): void {
    if (replies === 0) return;
    this.replies += replies;
    this.#queue.push({ receiver, replies });
  }

  /** All requests so far are being written. */
  sent(): void {
    this.#unsent = this.#queue.length;
  }

  /** The first receiver has got a reply. */
  took(): void {
    this.replies--;
    if (--this.#queue[this.#head]!.replies > 0) return;
    this.#head++;
    if (this.#head < this.#queue.length && this.#head < DONE_MAX) return;
    this.#queue.splice(0, this.#head);
    this.#unsent -= this.#head;
    this.#head = 0;
  }

  /** No more replies come: tells all who wait. */
  lose(): void {
    const lost = this.#queue.slice(this.#head);
    const sent = this.#unsent - this.#head;
    this.#queue = [];
    this.#head = this.#unsent = this.replies = 0;
    lost.forEach(({ receiver }, index) => receiver.lost(index < sent));
  }
}
