/**
 * CLIENT subcommands that name clients by id or list them: translated between the ids that clients of
 * the proxy were told and those of their connections at Redis.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CommandSpec } from "../commands/spec.ts";
import type { ClientIds } from "../lanes/client_ids.ts";
import type { Passed } from "../lanes/shared_lane.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";
import type { Arguments } from "./parse/arguments.ts";
import { request } from "./parse/arguments.ts";
import { passedBy, type SharedRequest } from "./passed.ts";
import { integer } from "./replies.ts";
import { textReply } from "./requests/fixed.ts";

/** What a CLIENT command names by id: where the id stands, behind which word. */
const NAMED: Readonly<Record<string, RegExp>> = {
  "client|kill": /^id$/,
  "client|list": /^id$/,
  "client|tracking": /^redirect$/,
};

/** A request whose ids were translated, or the answer to it, which needs no Redis. */
export function translate(
  args: Arguments,
  spec: CommandSpec,
  ids: ClientIds,
): Uint8Array | ClientRequest | null {
  if (spec.name === "client|unblock") return unblock(args, ids);
  const named = NAMED[spec.name];
  if (named === undefined) return null;
  const words = Array.from({ length: args.count }, (_, index) => args.string(index));
  let isChanged = false;
  for (let at = 2; at + 1 < words.length; at++) {
    if (!named.test(words[at]!.toLowerCase())) continue;
    for (let index = at + 1; index < words.length && /^\d+$/.test(words[index]!); index++) {
      const client = ids.find(words[index]!);
      if (client === undefined) continue;
      const upstream = ids.upstreamOf(words[index]!);
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

/** Gives the ids in a reply back as clients were told them; null for a command whose reply has none. */
export function rewriteOf(
  spec: CommandSpec | undefined,
  ids: ClientIds,
): ((reply: string) => string) | null {
  switch (spec?.name) {
    case "client|getredir":
      return (reply) => reply.replace(/^:(\d+)/, (_, id) => `:${ids.toldOf(id)}`);
    case "client|trackinginfo":
      return (reply) =>
        reply.replace(/(\nredirect\r\n:)(\d+)/, (_, head, id) => head + ids.toldOf(id));
    default:
      return null;
  }
}

/** CLIENT UNBLOCK id [TIMEOUT|ERROR]: a client without a connection of its own is not blocked. */
function unblock(args: Arguments, ids: ClientIds): Uint8Array | ClientRequest | null {
  if (args.count < 3 || ids.find(args.string(2, 32)) === undefined) return null;
  const upstream = ids.upstreamOf(args.string(2, 32));
  if (upstream === undefined) return textReply(integer(0));
  const rest = args.count > 3 ? [args.string(3, 32)] : [];
  return Buffer.from(request(["CLIENT", "UNBLOCK", upstream, ...rest]), "latin1");
}

const TEXT = /^(?:\$\d+\r\n|=\d+\r\ntxt:)([^]*)\r\n$/;

/** CLIENT LIST: Redis's own, with the clients of the proxy under the ids that they were told. */
export class ClientListRequest implements ClientRequest {
  readonly last = false;
  readonly way = "shared";

  constructor(
    readonly request: SharedRequest,
    readonly ids: ClientIds,
    readonly isAll: boolean,
    /** Makes the reply of the text. */
    readonly encode: (text: string) => Uint8Array,
  ) {}

  async read(): Promise<Passed> {
    const passed = await passedBy(this.request.read());
    if (!(passed instanceof Uint8Array)) return passed;
    const text = TEXT.exec(Buffer.from(passed).toString("latin1"))?.[1];
    return text === undefined ? passed : this.encode(this.ids.rewrite(text, this.isAll));
  }

  reply(output: Output, passed: Uint8Array): void {
    this.request.reply(output, passed);
  }
}
