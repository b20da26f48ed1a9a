/**
 * PROXY HOTKEYS and PROXY WHATIF: what the proxy has learnt from the lookups.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import type { Arguments } from "../parse/arguments.ts";
import { array, bulk, map } from "../replies.ts";
import { refuse, textReply } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import { parseInteger } from "./command.ts";
import { refuseUnprotected } from "./refusals.ts";

/** How many hot keys are returned, unless the client says so, and at most. */
const HOT_KEYS = 10;
const MOST_HOT_KEYS = 100;

/** PROXY HOTKEYS [count]: the keys that are read most, the first one most often. */
export function hotKeys(args: Arguments, session: Session): ClientRequest {
  // It names keys, as KEYS does.
  if (!session.mayPass) return refuseUnprotected();
  const count = args.count === 2 ? HOT_KEYS : parseInteger(args.string(2)) ?? 0;
  if (args.count > 3 || count < 1 || count > MOST_HOT_KEYS) {
    return refuse(`ERR wanted PROXY HOTKEYS with a number from 1 to ${MOST_HOT_KEYS}`);
  }
  const rows = session.context.insight.top(Number(count)).map((
    { key, rate, bytes, hitShare, node },
  ) =>
    map(session.version, [
      ["key", bulk(key)],
      ["reads-per-second", bulk(rate.toFixed(1))],
      ["bytes-per-second", bulk(bytes.toFixed(0))],
      ["hit-share", bulk(hitShare.toFixed(3))],
      ...(node === null ? [] : [["node", bulk(node)] as const]),
    ])
  );
  return textReply(array(rows));
}

/** PROXY WHATIF: the share of reads that the cache answers, by its size. */
export function whatIf(_args: Arguments, { version, context }: Session): ClientRequest {
  const savings = context.insight.savings();
  if (savings === null) return refuse("ERR too few lookups, or too few entries, to tell");
  const { now, withHalf, withDouble } = savings;
  return textReply(map(version, [
    ["saved", bulk(now.toFixed(3))],
    ["saved-with-half", bulk(withHalf.toFixed(3))],
    ["saved-with-double", bulk(withDouble.toFixed(3))],
  ]));
}
