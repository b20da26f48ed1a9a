/**
 * Changes replies of Redis before they are passed on: ids become the clients' ids in the proxy, and
 * INFO gets the sections of the proxy. Here, replies are text of code units 0 to 255.
 *
 * @module
 */
import type { CommandSpec } from "../commands/spec.ts";
import type { NamedClient } from "../lanes/client_ids.ts";
import type { Rewrite } from "../lanes/passable.ts";
import { fullList } from "./client_requests.ts";
import { tail } from "./commands/command.ts";
import { ownInfoText } from "./info.ts";
import type { Arguments } from "./parse/arguments.ts";
import type { RespContext } from "./context.ts";
import type { Session } from "./session.ts";

/** Returns the change of the reply to a request; null if it is passed on unchanged. */
export function rewriteOf(
  spec: CommandSpec | undefined,
  args: Arguments,
  session: Session,
): Rewrite | null {
  const { context } = session;
  const { ids } = context.lanes!;
  switch (spec?.name) {
    case "hello":
      return greeted(session);
    case "client|id":
    case "client|getredir":
      return numbered(/^(:)(\d+)/, toldTo(session));
    case "client|trackinginfo":
      return numbered(/(\nredirect\r\n:)(\d+)/, toldTo(session));
    case "client|info":
      return inText(listTo(session, (text) => ids.rewrite(text)));
    case "client|list": {
      const options = tail(args, 2);
      const { length } = args;
      const lineOf = (client: NamedClient) => {
        return client === session ? client.describe("client|list", length) : client.describe();
      };
      return inText(listTo(session, (text) => fullList(text, options, ids, lineOf)));
    }
    case "info": {
      const names = tail(args, 1);
      return inText((text) => joined(seenIn(text, context), ownInfoText(context.facts(), names)));
    }
    default:
      return null;
  }
}

/** The reply to HELLO, with the id and the mode that the client sees. */
function greeted(session: Session): Rewrite {
  const id = numbered(/(\r\n\$2\r\nid\r\n:)(\d+)/, toldTo(session));
  const { seen } = session.context;
  const mode = seen === null ? null : `$1$${seen.length}\r\n${seen}\r\n`;
  return (reply) => {
    // From now on, Redis speaks this version over the connection.
    const version = /\r\n\$5\r\nproto\r\n:([23])\r\n/.exec(reply)?.[1];
    if (version !== undefined) session.version = version === "3" ? 3 : 2;
    const named = id(reply);
    return mode === null ? named : named.replace(/(\r\n\$4\r\nmode\r\n)\$\d+\r\n\w+\r\n/, mode);
  };
}

/** INFO, with the mode that clients see. Redis calls it `redis_mode`, Valkey `server_mode`. */
function seenIn(info: string, { seen }: RespContext): string {
  if (seen === null) return info;
  return info.replace(/^((?:redis|server)_mode:)\w+/mg, `$1${seen}`)
    .replace(/^(cluster_enabled:)\d/m, `$1${seen === "cluster" ? 1 : 0}`);
}

/** Returns how ids at Redis become unique. Over a private connection, they are those of one node. */
function uniqueTo({ context, lane, login }: Session): (id: string) => string {
  const isPrivate = lane!.hasState || login !== null;
  return (id) => {
    const place = isPrivate ? lane!.private?.place : undefined;
    return String(context.lanes!.uniqueId(Number(id), place));
  };
}

function toldTo(session: Session): (id: string) => string {
  const unique = uniqueTo(session);
  return (id) => session.context.lanes!.ids.toldOf(unique(id));
}

/** Returns a change of lines of CLIENT LIST, after their ids have become unique. */
function listTo(session: Session, change: (list: string) => string): (list: string) => string {
  const unique = uniqueTo(session);
  return (list) => change(list.replaceAll(/^id=(\d+)/gm, (_, id) => `id=${unique(id)}`));
}

/** Changes the number that follows the first group of a pattern. */
function numbered(pattern: RegExp, change: (number: string) => string): Rewrite {
  return (reply) =>
    reply.replace(pattern, (_, head: string, number: string) => head + change(number));
}

/** Changes the text of a bulk or verbatim string. */
function inText(change: (text: string) => string): Rewrite {
  return (reply) => {
    const [, type, mark = "", text] = /^([$=])\d+\r\n(txt:)?([^]*)\r\n$/.exec(reply) ?? [];
    if (type === undefined) return reply;
    const changed = mark + change(text!);
    return `${type}${changed.length}\r\n${changed}\r\n`;
  };
}

function joined(first: string, second: string): string {
  if (first === "" || second === "") return first + second;
  return `${first.trimEnd()}\r\n\r\n${second}`;
}
