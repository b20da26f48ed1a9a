/**
 * The receivers of replies. Redis answers in the order of the requests, so a queue is enough.
 *
 * @module
 */

/** Takes replies. If it returns a promise, all later replies wait for it. */
export interface Receiver {
  /** Takes a reply, or the rest of one after its parts. The bytes may change after the call. */
  reply(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
  /**
   * Takes several complete replies at once, which begin at `from`. If it is absent, they come one by
   * one.
   *
   * @param ends Where each of them ends, in order; more than `count` numbers do not count. It may
   *   change after the call.
   */
  several?(
    bytes: Uint8Array,
    from: number,
    ends: readonly number[],
    count: number,
  ): void | Promise<void>;
  /** Takes a part of a long reply. If it is absent, replies come whole. */
  part?(bytes: Uint8Array, from: number, to: number): void | Promise<void>;
  /**
   * The connection ended before all replies came.
   *
   * @param isSent Whether Redis may have received the request.
   */
  lost(isSent: boolean): void;
}

interface Entry {
  receiver: Receiver;
  replies: number;
}

/** The queue drops finished entries when there are so many. */
const DONE_MAX = 1024;

export class Expected {
  /** The number of missing replies. */
  replies = 0;
  #queue: Entry[] = [];
  /** The first waiting entry. */
  #head = 0;
  /** The first entry whose request is not part of a write yet. */
  #unsent = 0;

  /** The receiver of the next reply; undefined for none. */
  get first(): Receiver | undefined {
    return this.#queue[this.#head]?.receiver;
  }

  /** The receiver of the last reply that was asked for; undefined if no reply is missing. */
  get last(): Receiver | undefined {
    return this.replies === 0 ? undefined : this.#queue.at(-1)?.receiver;
  }

  /** All receivers that wait, in order. */
  get waiting(): Receiver[] {
    return this.#queue.slice(this.#head).map(({ receiver }) => receiver);
  }

  /** Gives the replies of some receivers to others. */
  redirect(change: (receiver: Receiver) => Receiver): void {
    for (let at = this.#head; at < this.#queue.length; at++) {
      const entry = this.#queue[at]!;
      entry.receiver = change(entry.receiver);
    }
  }

  /** The number of replies that the first receiver still gets. */
  get ofFirst(): number {
    return this.#queue[this.#head]?.replies ?? 0;
  }

  /** Adds a receiver of so many replies. */
  add(replies: number, receiver: Receiver): void {
    if (replies === 0) return;
    this.replies += replies;
    this.#queue.push({ receiver, replies });
  }

  /** Notes that all requests so far are being written. */
  sent(): void {
    this.#unsent = this.#queue.length;
  }

  /** Notes that the first receiver got so many replies. */
  took(count = 1): void {
    this.replies -= count;
    if ((this.#queue[this.#head]!.replies -= count) > 0) return;
    this.#head++;
    if (this.#head < this.#queue.length && this.#head < DONE_MAX) return;
    this.#queue.splice(0, this.#head);
    this.#unsent -= this.#head;
    this.#head = 0;
  }

  /** Tells all receivers that no more replies come. */
  lose(): void {
    const lost = this.#queue.slice(this.#head);
    const sent = this.#unsent - this.#head;
    this.#queue = [];
    this.#head = this.#unsent = this.replies = 0;
    lost.forEach(({ receiver }, index) => receiver.lost(index < sent));
  }
}
