/**
 * SELECT. A client without other state gets a cache of the database that it selects, and shares
 * connections with others; else Redis notes the database, on the client's private connection.
 *
 * @module
 */
import type { CommandSpec } from "../commands/spec.ts";
import { Failure } from "../core/types.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { parseInteger } from "./commands/command.ts";
import { Deferred } from "./deferred.ts";
import { muted } from "./local.ts";
import { type Arguments, ownArguments } from "./parse/arguments.ts";
import { passed } from "./pass.ts";
import { OK } from "./replies.ts";
import { refuseFailure } from "./requests/answers.ts";
import { FixedReply } from "./requests/fixed.ts";
import type { Session } from "./session.ts";

/** Returns a request that selects a database, once all earlier requests are answered. */
export function select(
  args: Arguments,
  spec: CommandSpec,
  session: Session,
  lane: ClientLane,
): ClientRequest {
  const database = args.count === 2 ? parseInteger(args.string(1)) : undefined;
  if (database === undefined || lane.isPrivate) return passed(args, spec, session, lane);
  const own = ownArguments(args);
  return new Deferred("answered", async () => {
    const context = await session.context.enter(database);
    if (context instanceof Failure) return muted(refuseFailure(context), session);
    if (context === null || lane.isPrivate) return passed(own, spec, session, lane);
    session.select(context);
    return muted(new FixedReply(OK), session);
  });
}
