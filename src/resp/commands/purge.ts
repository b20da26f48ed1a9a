/**
 * PROXY PURGE: drops entries from the cache by hand.
 *
 * @module
 */
import type { Purged } from "../../core/purge.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Arguments } from "../parse/arguments.ts";
import { integer } from "../replies.ts";
import { refuse, textReply } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import { refuseForbidden, refuseUnprotected } from "./refusals.ts";

/** PROXY PURGE KEY key | PREFIX prefix | ALL: replies with the number of entries. */
export function purge(args: Arguments, session: Session): ClientRequest {
  const { context } = session;
  if (context.lanes === null) return refuseForbidden("proxy|purge");
  // Many purges are as much load for Redis as having no cache.
  if (!session.mayPass) return refuseUnprotected();
  const purged = purgedBy(args);
  if (purged === null) {
    return refuse("ERR wanted PROXY PURGE with KEY <key>, PREFIX <prefix> or ALL");
  }
  if (purged.kind === "prefix" && purged.prefix === "") {
    return refuse("ERR an empty prefix is that of all entries: wanted PROXY PURGE ALL");
  }
  return textReply(integer(context.purge(purged)));
}

function purgedBy(args: Arguments): Purged | null {
  const kind = args.count > 2 ? args.string(2, 8).toLowerCase() : "";
  if (kind === "all" && args.count === 3) return { kind };
  if (args.count !== 4) return null;
  if (kind === "key") return { kind, key: args.string(3) };
  return kind === "prefix" ? { kind, prefix: args.string(3) } : null;
}
