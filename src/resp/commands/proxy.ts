/**
 * PROXY, the command that Redis does not have: it shows what the proxy knows of keys, and lets a
 * connection choose how fresh its answers must be.
 *
 * @module
 */
import type { Key, Lookup, Millis } from "../../core/types.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Output } from "../../server/output.ts";
import { FRESHNESS } from "../freshness.ts";
import { bulk, map, OK, type RespVersion } from "../replies.ts";
import { FixedReply, refuse, textReply } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import type { Arguments } from "../parse/arguments.ts";
import { bySubcommand, type LocalCommand, NO_KEYS } from "./command.ts";
import { help } from "./help.ts";
import { purge } from "./purge.ts";
import { hotKeys, whatIf } from "./proxy_insight.ts";

export const PROXY: LocalCommand = {
  name: "proxy",
  arity: -2,
  summary: "Explains the cache, or sets how fresh the answers of this connection must be",
  since: "1.0.0",
  group: "server",
  flags: "loading stale fast @fast",
  keys: NO_KEYS,
  subcommands: bySubcommand([
    {
      name: "explain",
      arity: 3,
      run: (args, { version }) => new Explain(args.string(2), version),
    },
    { name: "freshness", arity: -2, run: chooseFreshness },
    { name: "hotkeys", arity: -2, run: hotKeys },
    { name: "purge", arity: -3, run: purge },
    { name: "whatif", arity: 2, run: whatIf },
    help("PROXY", [
      "EXPLAIN <key>",
      "Return what the cache knows of a key. Times are in milliseconds, sizes in bytes.",
      "FRESHNESS [CACHED|CAUSAL|FENCED|FORCED|STALE]",
      "Set how fresh the answers of this connection must be, or return the setting.",
      "HOTKEYS [<count>]",
      "Return the keys that are read most, with reads and bytes per second and the share of hits.",
      "PURGE KEY <key> | PREFIX <prefix> | ALL",
      "Drop these entries from the cache, and return how many there were. Redis keeps its keys.",
      "WHATIF",
      "Return the share of reads that the cache answers, and would with half or twice the room.",
    ]),
  ]),
};

/** PROXY EXPLAIN key: values by name, times in milliseconds, sizes in bytes. */
class Explain implements ClientRequest {
  constructor(readonly key: Key, readonly version: RespVersion) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Readonly<Record<string, string>> {
    return lookup.explain(this.key, now);
  }

  reply(output: Output, found: Readonly<Record<string, string>>): void {
    const fields = Object.entries(found).map(([name, value]) => [name, bulk(value)] as const);
    output.latin1(map(this.version, fields));
  }
}

/** PROXY FRESHNESS [word]: sets the freshness, or returns it if there is no word. */
function chooseFreshness(args: Arguments, session: Session): ClientRequest {
  if (args.count === 2) return textReply(bulk(session.freshness));
  const word = args.string(2).toLowerCase();
  const freshness = FRESHNESS.find((one) => one === word);
  if (args.count > 3 || freshness === undefined) {
    return refuse(`ERR wanted PROXY FRESHNESS with one of ${FRESHNESS.join(", ")}`);
  }
  session.freshness = freshness;
  return new FixedReply(OK);
}
