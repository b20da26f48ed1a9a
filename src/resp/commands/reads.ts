/**
 * Commands that read strings: the cache answers them exactly as Redis would.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import type { Arguments } from "../parse/arguments.ts";
import { Exists } from "../requests/exists.ts";
import { refuse } from "../requests/fixed.ts";
import { Get } from "../requests/get.ts";
import { Getrange } from "../requests/getrange.ts";
import { Mget } from "../requests/mget.ts";
import { Strlen } from "../requests/strlen.ts";
import type { Session } from "../session.ts";
import { type LocalCommand, parseInteger } from "./command.ts";

export const READS: readonly LocalCommand[] = [
  {
    name: "get",
    arity: 2,
    summary: "Returns the string value of a key",
    since: "1.0.0",
    group: "string",
    flags: "readonly fast @read @string @fast",
    keys: [1, 1, 1],
    run: (args, { nil, terms }) => new Get(args.string(1), terms, nil),
  },
  {
    name: "mget",
    arity: -2,
    summary: "Returns the string values of several keys",
    since: "1.0.0",
    group: "string",
    flags: "readonly fast @read @string @fast",
    keys: [1, -1, 1],
    run: (args, { nil, terms }) => new Mget(args, terms, nil),
  },
  {
    name: "strlen",
    arity: 2,
    summary: "Returns the length of a string value",
    since: "2.2.0",
    group: "string",
    flags: "readonly fast @read @string @fast",
    keys: [1, 1, 1],
    run: (args, { terms }) => new Strlen(args.string(1), terms),
  },
  {
    name: "getrange",
    arity: 4,
    summary: "Returns a part of a string value",
    since: "2.4.0",
    group: "string",
    flags: "readonly @read @string @slow",
    keys: [1, 1, 1],
    run: getrange,
  },
  {
    name: "substr",
    arity: 4,
    summary: "Returns a part of a string value; the old name of GETRANGE",
    since: "1.0.0",
    group: "string",
    flags: "readonly @read @string @slow",
    keys: [1, 1, 1],
    run: getrange,
  },
  {
    name: "exists",
    arity: -2,
    summary: "Returns how many of the keys exist",
    since: "1.0.0",
    group: "generic",
    flags: "readonly fast @keyspace @read @fast",
    keys: [1, -1, 1],
    run: (args, { terms }) => new Exists(args, terms),
  },
];

function getrange(args: Arguments, { terms }: Session): ClientRequest {
  const start = parseInteger(args.string(2));
  const end = parseInteger(args.string(3));
  return start === undefined || end === undefined
    ? refuse("ERR value is not an integer or out of range")
    : new Getrange(args.string(1), start, end, terms);
}
