/**
 * Passes what Redis sends to the receivers of a connection: replies in order, and pushes.
 *
 * @module
 */
import type { Expected, Receiver } from "./expected.ts";
import { BROKEN, Framer, MORE } from "./framer.ts";
import type { Inbox } from "./inbox.ts";
import { EQUAL, matchOf, PARTIAL } from "./known.ts";
import { latin1 } from "./reply.ts";

/** The longest reply to collect for a receiver that takes no parts, in bytes. */
const COLLECTED_BYTES = 64 * 1024 * 1024;

/** The first byte of an error. */
const ERROR = 0x2d;

/** The first byte of a push, and of an attribute, which may describe a push. */
const PUSH = 0x3e;
const ATTRIBUTE = 0x7c;

/** The connection, as its delivery sees it. */
export interface Owner {
  readonly loss: string | null;
  readonly known: Uint8Array | null;
  readonly onPush: Receiver["reply"];
  readonly onRaw: Receiver["reply"] | null;
  readonly stray: Receiver | undefined;
  unasked: string | null;
  close(why: string): void;
}

export class Delivery {
  readonly #framer = new Framer();
  /** Where the replies end that one receiver gets at once. */
  readonly #ends: number[] = [];

  constructor(readonly inbox: Inbox, readonly expected: Expected, readonly owner: Owner) {}

  /** From the next reply on, the header of an array and its elements are passed one by one, or not. */
  openArrays(isOn: boolean): void {
    this.#framer.opensArrays = isOn;
  }

  /** Passes all replies on; returns a promise if a receiver holds them back. */
  deliver(): void | Promise<void> {
    const inbox = this.inbox;
    while (this.owner.loss === null) {
      if (this.owner.onRaw !== null) return this.#pass(this.owner.onRaw);
      const { known } = this.owner;
      if (known !== null && this.#framer.isAtRest) {
        const match = matchOf(known, inbox.bytes, inbox.from, inbox.to);
        if (match === PARTIAL) return this.#awaitKnown(known);
        if (match === EQUAL) {
          const held = this.#answer(inbox.from + known.length);
          if (held !== undefined) return held.then(() => this.deliver());
          continue;
        }
      }
      const end = this.#framer.scan(inbox.bytes, inbox.seen, inbox.to);
      const held = end === MORE ? this.#await() : end === BROKEN ? this.#refuse() : this.#hand(end);
      if (end === MORE) return held;
      if (held !== undefined) return held.then(() => this.deliver());
    }
  }

  /** Passes on all bytes. */
  #pass(taker: Receiver["reply"]): void | Promise<void> {
    const { bytes, from, to } = this.inbox;
    this.inbox.from = this.inbox.seen = to;
    if (from < to) return taker(bytes, from, to);
  }

  /** Passes on the reply that ends at `end`. */
  #hand(end: number): void | Promise<void> {
    const receiver = this.expected.first;
    if (receiver?.several !== undefined && this.expected.ofFirst > 1 && !this.#framer.isPush) {
      return this.#handSeveral(receiver as Required<Receiver>, end);
    }
    if (!this.#framer.isPush) return this.#answer(end);
    const { bytes, from } = this.inbox;
    this.inbox.from = this.inbox.seen = end;
    return this.owner.onPush(bytes, from, end);
  }

  /** Passes on the reply that ends at `end` to the first receiver. */
  #answer(end: number): void | Promise<void> {
    const { bytes, from } = this.inbox;
    this.inbox.from = this.inbox.seen = end;
    const receiver = this.expected.first;
    if (receiver !== undefined) this.expected.took();
    else if (this.owner.stray === undefined) return this.#refuseUnasked(bytes, from, end);
    return (receiver ?? this.owner.stray)!.reply(bytes, from, end);
  }

  /**
   * Passes on the reply that ends at `end`, together with the complete replies behind it that the
   * same receiver gets.
   */
  #handSeveral(receiver: Pick<Required<Receiver>, "several">, end: number): void | Promise<void> {
    const inbox = this.inbox;
    const ends = this.#ends;
    const { bytes, from, to } = inbox;
    const most = this.expected.ofFirst;
    let count = 1;
    let next = ends[0] = end;
    while (count < most && end < to && bytes[end] !== PUSH && bytes[end] !== ATTRIBUTE) {
      next = this.#framer.scan(bytes, end, to);
      if (next < 0) break;
      end = ends[count++] = next;
    }
    inbox.from = end;
    inbox.seen = next === MORE ? to : end;
    this.expected.took(count);
    const held = receiver.several(bytes, from, ends, count);
    if (next === BROKEN) this.#refuse();
    return held;
  }

  /** Makes room for the rest of what seems to be the known reply. */
  #awaitKnown({ length }: Uint8Array): void {
    const { inbox } = this;
    if (!inbox.isFull) return;
    inbox.extend(length - (inbox.to - inbox.from));
    inbox.seen = inbox.from;
  }

  /** Makes room for more of the incomplete reply. */
  #await(): void | Promise<void> {
    const inbox = this.inbox;
    const { bytes, from, to } = inbox;
    inbox.seen = to;
    if (from === to || !inbox.isFull) return;
    const receiver = this.expected.first ?? this.owner.stray;
    if (receiver?.part !== undefined && !this.#framer.isPush) {
      // A short reply that the end of the memory cuts in two is moved, and comes whole.
      const missing = inbox.maxBytes - (to - from);
      if (missing > 0) return inbox.extend(Math.min(this.#framer.awaited, missing));
      inbox.from = to;
      return receiver.part(bytes, from, to);
    }
    if (to - from > COLLECTED_BYTES) return this.owner.close("Redis sent a reply that is too long");
    inbox.extend(this.#framer.awaited);
  }

  #refuse(): void {
    this.owner.close(`what answers does not speak Redis's protocol: ${this.#framer.fault}`);
  }

  #refuseUnasked(bytes: Uint8Array, from: number, end: number): void {
    if (bytes[from] === ERROR) this.owner.unasked = latin1(bytes, from + 1, end - 2);
    this.owner.close(this.owner.unasked ?? "Redis sent a reply that nobody asked for");
  }
}
