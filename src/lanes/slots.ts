/**
 * The requests on a private lane that wait for their replies, in order, and the replies of the proxy
 * that wait for their turn. It counts the requests that may change how later ones are answered.
 *
 * @module
 */
import { type Written } from "../commands/keys.ts";
import type { Millis } from "../core/types.ts";
import { joined } from "./changes.ts";
import { changesReplies } from "./connection_state.ts";
import type { Passable } from "./passable.ts";

/** A request that waits for its reply, or a reply of the proxy that waits for its turn. */
export interface Slot {
  readonly request: Passable | null;
  /** Whether the client wants no reply. */
  readonly isMuted: boolean;
  /** A reply of the proxy. */
  readonly local: Uint8Array | null;
  /** Whether the reply is an element of that to EXEC. */
  readonly isElement: boolean;
  /** When the request was sent; NaN if it is not measured. */
  readonly sentAt: Millis;
  /** The confirmations that are still to come, once the first one has; else 0. */
  confirmations: number;
}

/** The number of done slots from which they are removed. */
const DONE_SLOTS = 1024;

/** Commands that change at most the connection; `client` stands for those of the proxy itself. */
const HARMLESS = new Set([
  "client",
  ...["multi", "discard", "watch", "unwatch", "select", "auth", "hello", "ping", "echo"],
  ...["client|setname", "client|setinfo", "client|tracking", "client|id", "client|info"],
]);

export class Slots {
  /** In-flight requests that begin a transaction, that subscribe, and that may wait for others. */
  transactions = 0;
  subscriptions = 0;
  waits = 0;
  /** Those before `#head` are done. */
  #slots: Slot[] = [];
  #head = 0;

  get length(): number {
    return this.#slots.length - this.#head;
  }

  /** The oldest one; undefined for none. */
  get first(): Slot | undefined {
    return this.#slots[this.#head];
  }

  /** Whether the oldest request may wait for other clients. */
  get isBlocked(): boolean {
    const { first } = this;
    return first !== undefined && !first.isElement && (first.request?.mayBlock ?? false);
  }

  /** Adds a request that is being sent. */
  request(request: Passable, isMuted: boolean): void {
    const slot = slotOf(request, isMuted, performance.now());
    this.#slots.push(slot);
    this.#count(slot, 1);
  }

  /** Puts the commands of a transaction first, because Redis has executed them. */
  elements(requests: readonly Passable[]): void {
    const slots = requests.map((request) => ({ ...slotOf(request), isElement: true }));
    for (const slot of slots) this.#count(slot, 1);
    this.#slots = slots.concat(this.#slots.slice(this.#head));
    this.#head = 0;
  }

  /** Adds a reply of the proxy. */
  local(local: Uint8Array): void {
    this.#slots.push({ ...slotOf(null), local });
  }

  /** Whether Redis may execute any of the requests without effect: none changes anything. */
  get isHarmless(): boolean {
    return this.#slots.slice(this.#head).every(({ request }) => {
      return request === null || HARMLESS.has(request.name) || changesReplies(request.name) ||
        request.spec?.flags.has("readonly");
    });
  }

  /** Takes the oldest one. */
  take(): Slot {
    const slot = this.#slots[this.#head++]!;
    this.#count(slot, -1);
    if (this.#head === this.#slots.length || this.#head > DONE_SLOTS) {
      this.#slots.splice(0, this.#head);
      this.#head = 0;
    }
    return slot;
  }

  /** Takes all requests, and returns the changes that they make if Redis executes them. */
  takeRequests(): Written {
    const requests: Passable[] = [];
    const locals: Slot[] = [];
    while (this.first !== undefined) {
      const slot = this.take();
      if (slot.request === null) locals.push(slot);
      else requests.push(slot.request);
    }
    this.#slots = locals;
    return joined(requests.map(({ written }) => written));
  }

  /** Drops the replies of the proxy. No request may be left. */
  clear(): void {
    this.#slots = [];
    this.#head = 0;
  }

  #count({ request, isElement }: Slot, change: 1 | -1): void {
    if (request === null) return;
    const { name, mayBlock } = request;
    if (changesReplies(name)) this.subscriptions += change;
    if (isElement) return; // It is executed already.
    if (mayBlock) this.waits += change;
    if (name === "multi") this.transactions += change;
  }
}

function slotOf(request: Passable | null, isMuted = false, sentAt = NaN): Slot {
  return { request, isMuted, local: null, isElement: false, sentAt, confirmations: 0 };
}
