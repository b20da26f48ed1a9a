/**
 * COMMAND: the table of the commands that the proxy itself serves.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import { array, bulk, integer, map, nil, type RespVersion, set, simple } from "../replies.ts";
import { refuse, textReply } from "../requests/fixed.ts";
import type { Arguments } from "../parse/arguments.ts";
import { bySubcommand, fits, type LocalCommand, NO_KEYS, type Run, tail } from "./command.ts";
import { help } from "./help.ts";

/** The commands by name. */
type Table = ReadonlyMap<string, LocalCommand>;

/** Makes the command that shows a table. It becomes a part of that table. */
export function introspectionOf(table: Table): LocalCommand {
  const find = (name: string) => table.get(name.toLowerCase());
  const info: Run = (args, { version }) => {
    const names = args.count > 2 ? tail(args, 2) : [...table.keys()];
    return textReply(array(names.map((name) => describe(find(name), version))));
  };
  const docs: Run = (args, { version }) => {
    const names = args.count > 2 ? tail(args, 2).map((name) => name.toLowerCase()) : table.keys();
    const found = [...new Set(names)].flatMap((name) => find(name) ?? []);
    return textReply(
      map(version, found.map((command) => [command.name, document(command, version)])),
    );
  };
  return {
    name: "command",
    arity: -1,
    summary: "Returns the commands that the proxy serves",
    since: "2.8.13",
    group: "server",
    flags: "loading stale @slow @connection",
    keys: NO_KEYS,
    subcommands: bySubcommand([
      { name: "count", arity: 2, run: () => textReply(integer(table.size)) },
      { name: "docs", arity: -2, run: docs },
      { name: "getkeys", arity: -4, run: (args) => keysOf(args, find(args.string(2))) },
      { name: "info", arity: -2, run: info },
      { name: "list", arity: -2, run: (args) => list(args, table) },
      help("COMMAND", [
        "COUNT",
        "Return the number of commands that the proxy serves.",
        "DOCS [<command> ...]",
        "Return their documentation.",
        "GETKEYS <command> <arg> ...",
        "Return the keys of a request.",
        "INFO [<command> ...]",
        "Return their arity, flags and keys.",
        "LIST",
        "Return their names.",
      ]),
    ]),
    run: info,
  };
}

/** The ten fields of COMMAND INFO; the last three (tips, key specifications, subcommands) are empty. */
function describe(command: LocalCommand | undefined, version: RespVersion): string {
  if (command === undefined) return nil(version);
  const words = command.flags.split(" ");
  return array([
    bulk(command.name),
    integer(command.arity),
    set(version, words.filter((word) => !word.startsWith("@")).map(simple)),
    ...command.keys.map(integer),
    set(version, words.filter((word) => word.startsWith("@")).map(simple)),
    array([]),
    array([]),
    array([]),
  ]);
}

function document({ summary, since, group }: LocalCommand, version: RespVersion): string {
  return map(version, [
    ["summary", bulk(summary)],
    ["since", bulk(since)],
    ["group", bulk(group)],
  ]);
}

function list(args: Arguments, table: Table): ClientRequest {
  if (args.count > 2) return refuse("ERR syntax error: COMMAND LIST takes no filter here");
  return textReply(array([...table.keys()].map(bulk)));
}

function keysOf(args: Arguments, command: LocalCommand | undefined): ClientRequest {
  if (command === undefined) return refuse("ERR Invalid command specified");
  const [first, last, step] = command.keys;
  if (first === 0) return refuse("ERR The command has no key arguments");
  if (!fits(command.arity, args.count - 2)) {
    return refuse("ERR Invalid number of arguments specified for command");
  }
  const keys: string[] = [];
  const end = last < 0 ? args.count - 2 + last : last;
  for (let at = first; at <= end; at += step) keys.push(bulk(args.string(at + 2)));
  return textReply(array(keys));
}
