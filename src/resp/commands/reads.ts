/**
 * The commands that read string values, which the cache can answer exactly as Redis would.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import { Count, GetMany } from "../many.ts";
import { Get, Measure, Part, refuse } from "../requests.ts";
import { type Arguments, type Command, parseInteger, tail } from "./command.ts";

export const READS: readonly Command[] = [
  {
    name: "get",
    arity: 2,
    summary: "Returns the string value of a key",
    since: "1.0.0",
    group: "string",
    flags: "readonly fast @read @string @fast",
    keys: [1, 1, 1],
    run: (args, { nil }) => new Get(args.string(1), nil),
  },
  {
    name: "mget",
    arity: -2,
    summary: "Returns the string values of several keys",
    since: "1.0.0",
    group: "string",
    flags: "readonly fast @read @string @fast",
    keys: [1, -1, 1],
    run: (args, { nil }) => new GetMany(args, nil),
  },
  {
    name: "strlen",
    arity: 2,
    summary: "Returns the length of a string value",
    since: "2.2.0",
    group: "string",
    flags: "readonly fast @read @string @fast",
    keys: [1, 1, 1],
    run: (args) => new Measure(args.string(1)),
  },
  {
    name: "getrange",
    arity: 4,
    summary: "Returns a part of a string value",
    since: "2.4.0",
    group: "string",
    flags: "readonly @read @string @slow",
    keys: [1, 1, 1],
    run: part,
  },
  {
    name: "substr",
    arity: 4,
    summary: "Returns a part of a string value; the old name of GETRANGE",
    since: "1.0.0",
    group: "string",
    flags: "readonly @read @string @slow",
    keys: [1, 1, 1],
    run: part,
  },
  {
    name: "exists",
    arity: -2,
    summary: "Tells how many of the keys exist",
    since: "1.0.0",
    group: "generic",
    flags: "readonly fast @keyspace @read @fast",
    keys: [1, -1, 1],
    run: (args) => new Count(tail(args, 1)),
  },
];

function part(args: Arguments): ClientRequest {
  const from = parseInteger(args.string(2));
  const to = parseInteger(args.string(3));
  return from === undefined || to === undefined
    ? refuse("ERR value is not an integer or out of range")
    : new Part(args.string(1), from, to);
}
