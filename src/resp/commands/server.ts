/**
 * Commands about the server, insofar as they apply to a cache.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import type { Facts } from "../../core/facts.ts";
import { infoText } from "../info.ts";
import { array, bulk, map, OK, verbatim } from "../replies.ts";
import { FixedReply, refuse, textReply } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import { help } from "./help.ts";
import type { Arguments } from "../parse/arguments.ts";
import { bySubcommand, fits, type LocalCommand, NO_KEYS, tail } from "./command.ts";
import { EMULATED } from "./emulation.ts";
import { refuseArity } from "./refusals.ts";

const shared = { group: "server", keys: NO_KEYS } as const;

/** Redis's own error outside of a cluster. */
const NO_CLUSTER = () => refuse("ERR This instance has cluster support disabled");

export const SERVER: readonly LocalCommand[] = [
  {
    ...shared,
    name: "info",
    arity: -1,
    summary: "Returns statistics of the proxy and its cache",
    since: "1.0.0",
    flags: "loading stale @slow @dangerous",
    run: (args, { version, context }) => {
      return textReply(verbatim(version, infoText(context.facts(), tail(args, 1))));
    },
  },
  {
    ...shared,
    name: "config",
    arity: -2,
    summary: "Returns settings that Redis also has",
    since: "2.0.0",
    flags: "@slow",
    subcommands: bySubcommand([
      { name: "get", arity: -3, run: getConfig },
      help("CONFIG", [
        "GET <name> [<name> ...]",
        "Return settings that Redis also has; * for all.",
      ]),
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
  {
    ...shared,
    name: "cluster",
    arity: -2,
    summary: "Shows the proxy as the only node of a cluster, if it is to be seen as one",
    since: "3.0.0",
    flags: "@slow",
    run: cluster,
  },
  ...["readonly", "readwrite", "asking"].map((name): LocalCommand => ({
    ...shared,
    name,
    arity: 1,
    summary: "Accepted without effect, if the proxy is to be seen as a cluster",
    since: "3.0.0",
    flags: "fast @fast @connection",
    run: (_, { context }) => context.seen === "cluster" ? new FixedReply(OK) : NO_CLUSTER(),
  })),
];

function cluster(args: Arguments, session: Session): ClientRequest {
  if (session.context.seen !== "cluster") return NO_CLUSTER();
  const subcommand = EMULATED.get(args.string(1, 64).toLowerCase());
  if (subcommand === undefined) {
    return refuse(
      `ERR CLUSTER ${
        args.string(1, 64).toUpperCase()
      } is not possible: this proxy only looks like a cluster`,
    );
  }
  return fits(subcommand.arity, args.count)
    ? subcommand.run(args, session)
    : refuseArity(`cluster|${subcommand.name}`);
}

/** The settings with the same meaning in Redis, in the order of their names. */
const CONFIG: ReadonlyMap<string, (facts: Facts) => string> = new Map([
  ["appendonly", () => "no"],
  ["maxclients", ({ maxClients }: Facts) => `${maxClients}`],
  ["maxmemory", ({ cacheBytesMax }: Facts) => `${cacheBytesMax}`],
  ["save", () => ""],
  ["timeout", ({ idleTimeout }: Facts) => `${Math.ceil(idleTimeout)}`],
]);

/** Any pattern except `*` is read as a name, because there are few settings. */
function getConfig(args: Arguments, { version, context }: Session): ClientRequest {
  const facts = context.facts();
  const names = tail(args, 2).flatMap((name) => name === "*" ? [...CONFIG.keys()] : [name]);
  const found = [...new Set(names)].flatMap((name) => {
    const value = CONFIG.get(name.toLowerCase());
    return value === undefined ? [] : [[name, bulk(value(facts))] as const];
  });
  return textReply(map(version, found));
}

function time(): ClientRequest {
  const micros = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const seconds = Math.floor(micros / 1e6);
  return textReply(array([bulk(`${seconds}`), bulk(`${micros - seconds * 1e6}`)]));
}
