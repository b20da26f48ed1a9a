/**
 * The commands of a batch that one node of a cluster executes, sent to it as one request. Each reply
 * goes to its place in the batch. A command that the node sends on goes on alone.
 *
 * @module
 */
import { HANG_UP } from "../../core/reply_stream.ts";
import type { Outbox } from "../../origin/wire/outbox.ts";
import { replyOf } from "../common_replies.ts";
import { type Lane, type Passed, Passing, UNSENT } from "../passing.ts";
import type { DividedBatch } from "./divided_batch.ts";
import { isMoving } from "./journey.ts";
import { quiet } from "./quiet.ts";
import type { RoutedNode } from "./router.ts";

const MINUS = 0x2d;

export class SubBatch extends Passing {
  /** The number of commands whose replies have come. */
  #answered = 0;
  /** Takes the long reply that is coming in parts; null for none. */
  #long: Passing | null = null;

  /** @param places The places of the commands of this node, in order. */
  constructor(
    lane: Lane,
    readonly node: RoutedNode,
    readonly places: readonly number[],
    readonly whole: DividedBatch,
  ) {
    super(lane, whole.request, places.length, whole.sender);
  }

  override write(out: Outbox): void {
    const { bytes, parts } = this.request;
    const { ends } = parts!;
    for (const place of this.places) {
      out.range(bytes, place === 0 ? 0 : ends[place - 1]!, ends[place]!);
    }
  }

  override get isMovable(): boolean {
    const hasBegun = this.#answered > 0 || this.#long !== null;
    return !hasBegun && this.isRead && !this.whole.isAbandoned;
  }

  override reply(bytes: Uint8Array, from: number, to: number): void {
    this.#take(bytes, from, to);
  }

  override several(
    bytes: Uint8Array,
    from: number,
    ends: readonly number[],
    count: number,
  ): void {
    for (let index = 0; index < count; index++) {
      const end = ends[index]!;
      this.#take(bytes, from, end);
      from = end;
    }
  }

  override part(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const held = (this.#long ??= this.#begun()).part(bytes, from, to);
    this.#show(this.#long);
    return held;
  }

  override lost(isSent: boolean): void {
    const { lane, sender } = this;
    if (this.#long !== null) {
      this.#long.lost(isSent);
      this.#endLong();
    }
    const mayRepeat = !sender.isCut && lane.mayRepeat(this.request, false) &&
      (!isSent || this.isRead);
    if (mayRepeat) return this.#rest().forEach((place) => this.#sendOn(place, UNSENT));
    sender.isCut = true;
    // Nobody knows whether Redis executed them, so the entries of their keys may be wrong.
    if (isSent) this.#rest().forEach((place) => this.#drop(place));
    this.finish(HANG_UP);
  }

  /** Makes the result of all commands known that are not answered. */
  override finish(passed: Passed): void {
    for (const place of this.#rest()) this.whole.put(place, passed);
  }

  /** Whether the commands that are not answered change nothing. */
  get isRead(): boolean {
    const { keyEnds } = this.request.parts!;
    for (let at = this.#answered; at < this.places.length; at++) {
      const place = this.places[at]!;
      if (keyEnds[place] !== (place === 0 ? 0 : keyEnds[place - 1])) return false;
    }
    return true;
  }

  /** The places of the commands that are not answered. */
  #rest(): readonly number[] {
    return this.places.slice(this.#answered);
  }

  /** Takes a reply, or the rest of a long one. */
  #take(bytes: Uint8Array, from: number, to: number): void {
    const long = this.#long;
    if (long !== null) {
      long.reply(bytes, from, to);
      return this.#endLong();
    }
    const place = this.places[this.#answered]!;
    this.#count();
    this.#drop(place);
    const isOn = bytes[from] === MINUS && isMoving(bytes.subarray(from, to));
    if (isOn) this.#sendOn(place, bytes.slice(from, to));
    else this.whole.putReply(place, replyOf(bytes, from, to));
  }

  #sendOn(place: number, passed: Passed): void {
    const { node, connection } = this;
    this.whole.sendOn(place, { node, connection, passed });
  }

  /** Begins a long reply. It passes as that of a command alone. */
  #begun(): Passing {
    const request = this.whole.alone(this.places[this.#answered]!);
    const long = new Passing(this.lane, request, 1, quiet(this.sender));
    long.connection = this.connection;
    long.isAbandoned = this.whole.isAbandoned;
    return long;
  }

  /** Puts a long reply in its place in the batch, once it is known how it passes. */
  #show({ isKnown, value }: Passing): void {
    if (isKnown) this.whole.put(this.places[this.#answered]!, value!);
  }

  #endLong(): void {
    this.#show(this.#long!);
    this.#long = null;
    this.#count();
  }

  /** Notes that a command is answered. */
  #count(): void {
    this.#answered++;
    if (--this.replies > 0 || !(this.begunAt > 0)) return;
    this.lane.options.latency?.observe(performance.now() - this.begunAt);
  }

  /** Tells the cache what a command may have changed. */
  #drop(place: number): void {
    const { keys, keyEnds } = this.request.parts!;
    const { cache } = this.lane.options;
    const end = keyEnds[place]!;
    for (let at = place === 0 ? 0 : keyEnds[place - 1]!; at < end; at++) {
      cache.invalidate(keys[at]!);
    }
  }
}
