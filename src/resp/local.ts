/**
 * Requests that are answered without Redis, and whether their replies are wanted (CLIENT REPLY).
 *
 * @module
 */
import type { ClientRequest } from "../server/protocol.ts";
import { dispatch } from "./commands/table.ts";
import type { Arguments } from "./parse/arguments.ts";
import { silent, SilentRequest } from "./requests/fixed.ts";
import type { Session } from "./session.ts";

/** Answers a request without Redis. */
export function local(args: Arguments, session: Session): ClientRequest {
  return muted(dispatch(args, session), session);
}

/** Leaves out a reply that the client does not want. */
export function muted(answer: ClientRequest, session: Session): ClientRequest {
  return session.skipsReply() ? silent(answer) : answer;
}

/** RESET turns replies on again, its own included, unless CLIENT REPLY SKIP came before it. */
export function reset(args: Arguments, session: Session): ClientRequest {
  const { skipsNext } = session.replies;
  const answer = dispatch(args, session);
  return session.skipsReply() || skipsNext ? new SilentRequest(answer) : answer;
}
