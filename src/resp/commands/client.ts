/**
 * CLIENT: attributes of the connection. The proxy could not do what TRACKING and
 * MAINT_NOTIFICATIONS promise, so they are unknown subcommands here and never get a false OK.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import { bulk, encode, integer, OK, verbatim } from "../replies.ts";
import { FixedReply, refuse, textReply } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import type { Arguments } from "../parse/arguments.ts";
import {
  bySubcommand,
  type LocalCommand,
  NO_KEYS,
  parseInteger,
  type Subcommand,
  tail,
} from "./command.ts";
import { help } from "./help.ts";

export const NAME_ERROR = "ERR Client names cannot contain spaces, newlines or special characters.";

const HELP = [
  "GETNAME",
  "Return the name of the current connection.",
  "GETREDIR",
  "Return -1: this server does no tracking.",
  "ID",
  "Return the ID of the current connection.",
  "INFO",
  "Return information about the current connection.",
  "LIST [TYPE <type> | ID <id> ...]",
  "Return information about the current connection.",
  "NO-EVICT (ON|OFF)",
  "Accepted without effect.",
  "NO-TOUCH (ON|OFF)",
  "Accepted without effect.",
  "REPLY (ON|OFF|SKIP)",
  "Control the replies sent to the current connection.",
  "SETINFO <option> <value>",
  "Set client meta attributes: lib-name, lib-ver.",
  "SETNAME <name>",
  "Assign the name <name> to the current connection.",
];

const SUBCOMMANDS: readonly Subcommand[] = [
  { name: "id", arity: 2, run: (_, { id }) => textReply(integer(id)) },
  { name: "setname", arity: 3, run: setName },
  {
    name: "getname",
    arity: 2,
    run: (_, { name, nil }) => name === "" ? new FixedReply(nil) : textReply(bulk(name)),
  },
  { name: "setinfo", arity: 4, run: setInfo },
  {
    name: "info",
    arity: 2,
    run: (args, session) =>
      textReply(verbatim(session.version, `${session.describe("client|info", args.length)}\n`)),
  },
  { name: "list", arity: -2, run: list },
  { name: "reply", arity: 3, run: setReplies },
  { name: "no-evict", arity: 3, run: accept },
  { name: "no-touch", arity: 3, run: accept },
  { name: "getredir", arity: 2, run: () => textReply(integer(-1)) },
  help("CLIENT", HELP),
];

export const CLIENT: LocalCommand = {
  name: "client",
  arity: -2,
  summary: "Reads or sets attributes of the connection",
  since: "2.4.0",
  group: "connection",
  flags: "@slow",
  keys: NO_KEYS,
  subcommands: bySubcommand(SUBCOMMANDS),
};

const NO_REPLY = encode("");

/** Whether text has no blanks or control characters, as Redis requires of names. */
export function isPrintable(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

function setName(args: Arguments, session: Session): ClientRequest {
  const name = args.string(2);
  if (!isPrintable(name)) return refuse(NAME_ERROR);
  session.name = name;
  return new FixedReply(OK);
}

function setInfo(args: Arguments, session: Session): ClientRequest {
  const option = args.string(2).toLowerCase();
  const value = args.string(3);
  if (option !== "lib-name" && option !== "lib-ver") {
    return refuse(`ERR Unrecognized option '${args.string(2)}'`);
  }
  if (!isPrintable(value)) {
    return refuse(`ERR ${option} cannot contain spaces, newlines or special characters.`);
  }
  if (option === "lib-name") session.libraryName = value;
  else session.libraryVersion = value;
  return new FixedReply(OK);
}

function setReplies(args: Arguments, session: Session): ClientRequest {
  const mode = args.string(2).toLowerCase();
  if (mode !== "on" && mode !== "off" && mode !== "skip") return refuse("ERR syntax error");
  session.replies.set(mode);
  return new FixedReply(mode === "on" ? OK : NO_REPLY);
}

/** Switches without effect: the proxy evicts no clients and keeps no access times of keys. */
function accept(args: Arguments): ClientRequest {
  return /^(on|off)$/i.test(args.string(2)) ? new FixedReply(OK) : refuse("ERR syntax error");
}

/** Lists only this connection: clients may not see what others say about themselves. */
function list(args: Arguments, session: Session): ClientRequest {
  let isListed = true;
  const filter = args.count > 2 ? args.string(2).toLowerCase() : "";
  if (filter === "type" && args.count === 4) {
    const type = args.string(3);
    if (!/^(normal|master|replica|slave|pubsub)$/i.test(type)) {
      return refuse(`ERR Unknown client type '${type}'`);
    }
    isListed = type.toLowerCase() === "normal";
  } else if (filter === "id" && args.count > 3) {
    const ids = tail(args, 3).map(parseInteger);
    if (!ids.every((id) => id !== undefined)) return refuse("ERR Invalid client ID");
    isListed = ids.includes(session.id);
  } else if (filter !== "") {
    return refuse("ERR syntax error");
  }
  const line = isListed ? `${session.describe("client|list")}\n` : "";
  return textReply(verbatim(session.version, line));
}
