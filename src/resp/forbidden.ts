/**
 * Requests that the client may not make: the command is denied, or the client has not shown a
 * password that it needs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ClientLane } from "../lanes/client_lane.ts";
import { Passable } from "../lanes/passable.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { deniedHere, isServedHere } from "./commands/table.ts";
import { refuseCommand, refuseForbidden, refuseUnprotected } from "./commands/refusals.ts";
import { local, muted } from "./local.ts";
import { type Arguments, request, wordsOf } from "./parse/arguments.ts";
import { PrivateRequest } from "./private_client.ts";
import { refuse, textOf } from "./requests/fixed.ts";
import type { Session } from "./session.ts";

/** Answers a client of a proxy that serves only reads. */
export function onlyRead(args: Arguments, session: Session): ClientRequest {
  const denied = session.isAuthenticated ? deniedHere(args, session.context) : null;
  if (denied === null) return local(args, session);
  session.context.onRefused(denied);
  return muted(refuseForbidden(denied), session);
}

/** Answers a client without a password in protected mode. It may do only what needs no Redis. */
export function unprotected(
  args: Arguments,
  name: string,
  session: Session,
  { lanes: { table } }: ClientLane,
): ClientRequest {
  const isElsewhere = name === "select" && args.count === 2 && /^\d+$/.test(args.string(1, 20));
  if (isServedHere(args) && !isElsewhere) return local(args, session);
  if (table.isKnown && table.find(args) === undefined) {
    return muted(refuseCommand(args), session);
  }
  session.context.onRefused(name);
  return muted(refuseUnprotected(), session);
}

/** Refuses a request that may not pass. In a transaction, it makes EXEC fail, as in Redis. */
export function forbidden(name: string, session: Session, lane: ClientLane): ClientRequest {
  session.context.onRefused(name);
  const refusal = refuseForbidden(name);
  if (!(lane.private?.mayBeInTransaction ?? false)) return muted(refusal, session);
  return broken(refusal, session, lane);
}

/** Refuses what only the proxy can do, and not at the time of EXEC. */
export function refuseQueued(what: string, session: Session, lane: ClientLane): ClientRequest {
  return broken(refuse(`ERR ${what} inside a transaction: not supported`), session, lane);
}

/** Returns a refusal that also makes EXEC fail. */
function broken(refusal: ClientRequest, session: Session, lane: ClientLane): ClientRequest {
  const words = ["GET"]; // Without a key, Redis replies with an error.
  const bytes = Buffer.from(request(words), "latin1");
  const passable = new Passable(bytes, undefined, wordsOf(words), () => textOf(refusal));
  return new PrivateRequest(lane, passable, session.skipsReply());
}
