/**
 * The keys of one slot in a Redis that has no slots: all keys are looked at.
 *
 * @module
 */
import { slotOf } from "../core/slot.ts";
import { Failure, type Key } from "../core/types.ts";
import { requestOf } from "../origin/wire/outbox.ts";
import { parseReply, ReplyError } from "../origin/wire/reply.ts";
import type { ClientLane } from "./client_lane.ts";
import { Passable } from "./passable.ts";

/** Keys that are looked at with each request. */
const COUNT = 1000;

/** Returns at most so many keys of a slot, or why that fails. */
export async function keysInSlot(
  lane: ClientLane,
  slot: number,
  most: number,
): Promise<Key[] | Failure> {
  const keys = new Set<Key>();
  let cursor = "0";
  do {
    const words = ["SCAN", cursor, "COUNT", `${COUNT}`];
    const list = { count: words.length, string: (at: number) => words[at]! };
    const spec = lane.lanes.table.find(list);
    const passing = lane.ask(new Passable(requestOf(...words), spec, list, (reply) => reply));
    await passing.known();
    const passed = passing.value;
    if (passed instanceof Failure) return passed;
    if (!(passed instanceof Uint8Array)) return new Failure("away", "Redis is away");
    const reply = parseReply(passed);
    if (reply instanceof ReplyError) return new Failure("reply", reply.message);
    const [next, found] = reply as [string, Key[]];
    for (const key of found) if (slotOf(key) === slot && keys.size < most) keys.add(key);
    cursor = next;
  } while (cursor !== "0" && keys.size < most);
  return [...keys];
}
