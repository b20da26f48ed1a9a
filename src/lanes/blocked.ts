/**
 * Asks Redis whether a client's own connection waits for other clients, as in BLPOP.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { requestOf } from "../origin/wire/outbox.ts";
import type { ClientLane } from "./client_lane.ts";
import { knownIds, knownIn } from "./one_question.ts";
import { Passable } from "./passable.ts";

/** Whether it waits; true if Redis does not say. */
export async function isBlocked(lane: ClientLane): Promise<boolean> {
  const { upstreamId = null, place } = lane.private ?? {};
  if (upstreamId === null) return true;
  const known = place === undefined
    ? await listed(lane, upstreamId)
    : await knownIds(lane.lanes.options.open, [upstreamId], place);
  return known?.get(upstreamId) ?? true;
}

/** Asks over a connection that is open already, because an answer may come at any time. */
async function listed(lane: ClientLane, id: number) {
  const words = ["CLIENT", "LIST", "ID", `${id}`];
  const list = { count: words.length, string: (at: number) => words[at]! };
  const spec = lane.lanes.table.find(list);
  // A reply that is rewritten comes in one piece.
  const passed = await lane.ask(new Passable(requestOf(...words), spec, list, (all) => all));
  return passed instanceof Uint8Array ? knownIn(Buffer.from(passed).toString("latin1")) : null;
}
