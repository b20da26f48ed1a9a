/**
 * CLIENT subcommands that name or list clients by id: translated between the clients' ids here and
 * the ids of their connections at Redis.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CommandSpec } from "../commands/spec.ts";
import type { ClientIds } from "../lanes/client_ids.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { tail } from "./commands/command.ts";
import type { Arguments } from "./parse/arguments.ts";
import { request } from "./parse/arguments.ts";
import { integer } from "./replies.ts";
import { textReply } from "./requests/fixed.ts";

/** The words of CLIENT subcommands that ids follow. */
const NAMED: Readonly<Record<string, RegExp>> = {
  "client|kill": /^id$/,
  "client|list": /^id$/,
  "client|tracking": /^redirect$/,
};

/** Returns a request with translated ids, or its answer if it needs no Redis; null if unchanged. */
export function translate(
  args: Arguments,
  spec: CommandSpec,
  ids: ClientIds,
): Uint8Array | ClientRequest | null {
  if (spec.name === "client|unblock") return unblock(args, ids);
  const named = NAMED[spec.name];
  if (named === undefined) return null;
  const words = tail(args, 0);
  let isChanged = false;
  for (let at = 2; at + 1 < words.length; at++) {
    if (!named.test(words[at]!.toLowerCase())) continue;
    for (let index = at + 1; index < words.length && /^\d+$/.test(words[index]!); index++) {
      const client = ids.find(words[index]!);
      if (client === undefined) continue;
      const upstream = ids.name(words[index]!);
      if (upstream === undefined && spec.name === "client|kill" && args.count === 4) {
        client.kill();
        return textReply(integer(1));
      }
      words[index] = upstream ?? words[index]!;
      isChanged = true;
    }
  }
  return isChanged ? Buffer.from(request(words), "latin1") : null;
}

/** Returns the clients in CLIENT LIST with these options that Redis does not know. */
export function ownLines(options: readonly string[], ids: ClientIds): string[] {
  const [filter, ...values] = options.map((word) => word.toLowerCase());
  if (filter === "id") return ids.withoutUpstream(new Set(values));
  return filter === undefined || values[0] === "normal" ? ids.withoutUpstream() : [];
}

/** CLIENT UNBLOCK id [TIMEOUT|ERROR]. A client without a private connection is not blocked. */
function unblock(args: Arguments, ids: ClientIds): Uint8Array | ClientRequest | null {
  if (args.count < 3 || ids.find(args.string(2, 32)) === undefined) return null;
  const upstream = ids.upstreamOf(args.string(2, 32));
  if (upstream === undefined) return textReply(integer(0));
  const rest = args.count > 3 ? [args.string(3, 32)] : [];
  return Buffer.from(request(["CLIENT", "UNBLOCK", upstream, ...rest]), "latin1");
}
