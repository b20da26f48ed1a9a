/**
 * The commands about the server: what there is to tell of a cache, and no more.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import type { Facts } from "../../core/facts.ts";
import { infoText } from "../info.ts";
import { array, bulk, map, verbatim } from "../replies.ts";
import { refuse, tell } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import { help } from "./help.ts";
import type { Arguments } from "../parse/arguments.ts";
import { bySubcommand, type Command, NO_KEYS, tail } from "./command.ts";

const shared = { group: "server", keys: NO_KEYS } as const;

/** In Redis's words: this is no cluster, whatever it is asked about one. */
const NO_CLUSTER = () => refuse("ERR This instance has cluster support disabled");

export const SERVER: readonly Command[] = [
  {
    ...shared,
    name: "info",
    arity: -1,
    summary: "Returns figures of the proxy and its cache",
    since: "1.0.0",
    flags: "loading stale @slow @dangerous",
    run: (args, { version, context }) => {
      return tell(verbatim(version, infoText(context.facts(), tail(args, 1))));
    },
  },
  {
    ...shared,
    name: "config",
    arity: -2,
    summary: "Returns the few settings that Redis has too",
    since: "2.0.0",
    flags: "@slow",
    subcommands: bySubcommand([
      { name: "get", arity: -3, run: getConfig },
      help("CONFIG", ["GET <name> [<name> ...]", "Return settings that Redis has too; * for all."]),
    ]),
  },
  {
    ...shared,
    name: "time",
    arity: 1,
    summary: "Returns the proxy's clock",
    since: "2.6.0",
    flags: "loading stale fast @fast",
    run: time,
  },
  ...["cluster", "readonly", "readwrite", "asking"].map((name): Command => ({
    ...shared,
    name,
    arity: name === "cluster" ? -2 : 1,
    summary: "Is refused: this is no cluster",
    since: "3.0.0",
    flags: name === "cluster" ? "@slow" : "fast @fast @connection",
    run: NO_CLUSTER,
  })),
];

/** The settings that are the same thing in Redis, in the order of their names. */
const CONFIG: ReadonlyMap<string, (facts: Facts) => string> = new Map([
  ["appendonly", () => "no"],
  ["maxclients", ({ maxClients }: Facts) => `${maxClients}`],
  ["maxmemory", ({ cacheBytesMax }: Facts) => `${cacheBytesMax}`],
  ["save", () => ""],
  ["timeout", ({ idleTimeout }: Facts) => `${Math.ceil(idleTimeout)}`],
]);

/** A pattern other than `*` is taken for a name: nothing here is worth a search. */
function getConfig(args: Arguments, { version, context }: Session): ClientRequest {
  const facts = context.facts();
  const names = tail(args, 2).flatMap((name) => name === "*" ? [...CONFIG.keys()] : [name]);
  const found = [...new Set(names)].flatMap((name) => {
    const value = CONFIG.get(name.toLowerCase());
    return value === undefined ? [] : [[name, bulk(value(facts))] as const];
  });
  return tell(map(version, found));
}

function time(): ClientRequest {
  const micros = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const seconds = Math.floor(micros / 1e6);
  return tell(array([bulk(`${seconds}`), bulk(`${micros - seconds * 1e6}`)]));
}
