/**
 * A transaction that has arrived in full, from MULTI to EXEC or DISCARD, takes the shared lane in
 * one piece: no command of another client can come between, and it leaves no state. This saves a
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
import { whenKnown } from "./route.ts";
import type { Session } from "./session.ts";

/** Most commands and bytes of such a transaction. A larger one takes a private lane. */
const MAX_COMMANDS = 1000;
const MAX_BYTES = 64 * 1024;

/**
 * Collects a transaction.
 *
 * @param first The request of MULTI.
 * @param next Takes the arguments of the next request; undefined if none has come.
 * @returns One request, or the collected requests one by one if they cannot take the shared lane.
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
      rest.push(whenKnown(args, session));
      break;
    }
    passables.push(passable);
    bytes += passable.bytes.length;
    if (passable.name === "exec" || passable.name === "discard") {
      session.context.stats.requests += passables.length - 1; // It counts as one itself.
      return [inOnePiece(passables, lane)];
    }
  }
  return [...passables.map((one) => new PrivateRequest(lane, one)), ...rest];
}

/** Returns a request that may be part of a transaction on the shared lane; null for others. */
function fitting(args: Arguments, lane: ClientLane): Passable | null {
  const { lanes } = lane;
  const plain = lanes.plain(args.name());
  if (plain !== undefined) return new Passable(args.raw(), plain, args);
  const spec = lanes.table.find(args);
  if (spec === undefined || !lanes.allows(spec, spec.name)) return null;
  const isEnd = spec.name === "exec" || spec.name === "discard";
  // Requests about the connection in a transaction concern the client's own connection.
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
  // EXEC makes the changes of the commands before it, and no others.
  const written = joined(passables.slice(0, -1).map((one) => one.written));
  return new SharedRequest(
    lane,
    passables.at(-1)!.withBytes(bytes, written),
    "shared",
    passables.length,
  );
}
