/**
 * Answers WAIT in a cluster.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Passable } from "../passable.ts";
import type { Passed, Sender } from "../passing.ts";
import type { Send } from "./dispatch.ts";
import { NO_NODE } from "./journey.ts";
import type { NodeLanes } from "./node_lanes.ts";
import { NUDGE, waitForReplicas } from "./replicas.ts";
import { requestsIn } from "./requests.ts";
import type { RoutedNode } from "./router.ts";

/**
 * Answers WAIT for all masters that the client has written to: the least of their numbers counts.
 *
 * @param owners The masters that there are.
 * @param isOver Whether the client has left.
 */
export async function passWait(
  request: Passable,
  { masters = new Set() }: Sender,
  owners: readonly RoutedNode[],
  nodes: NodeLanes,
  isOver: () => boolean,
  send: Send,
): Promise<Passed> {
  if (owners.length === 0) return NO_NODE;
  const reply = await waitForReplicas(requestsIn(request.bytes)[0]!, masters, owners, (node) => ({
    role: () => nodes.ask(node, ["ROLE"], "control"),
    nudge: () => nodes.ask(node, NUDGE, "shared", "wait"),
  }), isOver);
  // Redis knows the error.
  return reply === null ? await send(request, null) : Buffer.from(reply, "latin1");
}
