/**
 * A request for a slot that moves, at the node that takes the slot. `ASKING` goes before it, in the
 * same write, and its reply goes to nobody.
 *
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ (ASK redirection)
 *
 * @module
 */
import { type Outbox, requestOf } from "../../origin/wire/outbox.ts";
import type { Passable } from "../passable.ts";
import { type Lane, Passing, type Sender } from "../passing.ts";

const ASKING = requestOf("ASKING");

export class Asked extends Passing {
  /** Whether the reply to ASKING is still to come. */
  #isAsking = true;

  /** @param replies The number of replies to the request. */
  constructor(lane: Lane, request: Passable, replies: number, sender: Sender) {
    super(lane, request, replies + 1, sender);
  }

  override write(out: Outbox): void {
    out.bytes(ASKING);
    super.write(out);
  }

  /** Another node would refuse it. */
  override get isMovable(): boolean {
    return false;
  }

  /** A private connection to the owner of the slot would get ASK again. */
  protected override get mayRemember(): boolean {
    return false;
  }

  override reply(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (!this.#isAsking) return super.reply(bytes, from, to);
    this.#asked();
  }

  override several(
    bytes: Uint8Array,
    from: number,
    ends: readonly number[],
    count: number,
  ): void | Promise<void> {
    if (!this.#isAsking) return super.several(bytes, from, ends, count);
    this.#asked();
    if (count > 1) return super.several(bytes, ends[0]!, ends.slice(1), count - 1);
  }

  #asked(): void {
    this.#isAsking = false;
    this.replies--;
  }
}
