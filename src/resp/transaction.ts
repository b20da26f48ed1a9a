/**
 * A transaction that has come in full, from MULTI to EXEC or DISCARD, travels in one piece over the
 * shared lane: no command of another client can come between, and no state is left behind. It saves a
 * connection for each client that pipelines its transactions, as most libraries do.
 *
 * @module
 */
import { routeOf } from "../commands/route.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import { joined } from "../lanes/changes.ts";
import { Passable } from "../lanes/passable.ts";
import type { ClientRequest } from "../server/protocol.ts";
import type { Arguments } from "./parse/arguments.ts";
import { SharedRequest } from "./passed.ts";
import { PrivateRequest } from "./private_client.ts";
import { Unrouted } from "./route.ts";
import type { Session } from "./session.ts";

/** Commands and bytes of a transaction that is collected; a larger one has a connection of its own. */
const MAX_COMMANDS = 1000;
const MAX_BYTES = 64 * 1024;

/**
 * Collects a transaction.
 *
 * @param first The request of MULTI.
 * @param next Takes the arguments of the next request that has come; undefined if none has.
 * @returns One request, or those that were collected, one by one, if it is not complete or not fit.
 */
export function collectTransaction(
  first: PrivateRequest,
  session: Session,
  next: () => Arguments | undefined,
): ClientRequest[] {
  const lane = session.lane!;
  const passables = [first.request];
  const rest: ClientRequest[] = [];
  let bytes = 0;
  while (passables.length < MAX_COMMANDS && bytes < MAX_BYTES) {
    const args = next();
    if (args === undefined) break;
    const passable = fitting(args, lane);
    if (passable === null) {
      rest.push(new Unrouted(args, session));
      break;
    }
    passables.push(passable);
    bytes += passable.bytes.length;
    if (passable.name === "exec" || passable.name === "discard") {
      return [inOnePiece(passables, lane)];
    }
  }
  return [...passables.map((one) => new PrivateRequest(lane, one)), ...rest];
}

/** A request that may be part of a transaction on the shared lane; null for any other. */
function fitting(args: Arguments, lane: ClientLane): Passable | null {
  const { lanes } = lane;
  const spec = lanes.table.find(args);
  if (spec === undefined || !lanes.allows(spec, spec.name)) return null;
  const isEnd = spec.name === "exec" || spec.name === "discard";
  // Attributes of the connection are read and set in the transaction, so it has to be the client's.
  if (!isEnd && routeOf(spec, args) !== "shared") return null;
  return new Passable(args.raw(), spec, args);
}

function inOnePiece(passables: readonly Passable[], lane: ClientLane): SharedRequest {
  const bytes = new Uint8Array(passables.reduce((sum, one) => sum + one.bytes.length, 0));
  let at = 0;
  for (const one of passables) {
    bytes.set(one.bytes, at);
    at += one.bytes.length;
  }
  const written = joined(passables.map((one) => one.written));
  return new SharedRequest(
    lane,
    passables.at(-1)!.withBytes(bytes, written),
    "shared",
    passables.length,
  );
}
