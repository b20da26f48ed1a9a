/**
 * CLUSTER for clients that support clusters: the proxy is the only node of a cluster, and owns all
 * slots, whatever is behind it (--cluster-mode emulate).
 *
 * Source: https://redis.io/docs/latest/commands/?group=cluster
 *
 * @module
 */
import { createHash } from "node:crypto";
import { slotOf, SLOTS } from "../../core/slot.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Arguments } from "../parse/arguments.ts";
import { array, bulk, integer, map, verbatim } from "../replies.ts";
import { refuse, textReply } from "../requests/fixed.ts";
import type { Session } from "../session.ts";
import { SlotKeysRequest } from "../slot_keys.ts";
import { bySubcommand, parseInteger, type Subcommand } from "./command.ts";
import { help } from "./help.ts";

/** The port of the bus that nodes usually have; nobody connects to it. */
const BUS = 10_000;

/** The node as clients reach it. */
interface Node {
  readonly host: string;
  readonly port: number;
  readonly id: string;
}

/** The address that the client has reached, or the one to announce. */
function nodeFor({ peer: { local }, context: { announce } }: Session): Node {
  const [, host = "", port = "0"] = /^\[?(?:::ffff:)?(.*?)\]?:(\d+)$/i.exec(local) ?? [];
  const isSocket = host.startsWith("/");
  const own = { host: isSocket ? "" : host, port: isSocket ? 0 : Number(port) };
  const place = { host: announce?.host ?? own.host, port: announce?.port ?? own.port };
  // The same after a restart, and for all proxies behind one address.
  const id = createHash("sha1").update(`${place.host}:${place.port}`).digest("hex");
  return { ...place, id };
}

const INFO = [
  ...["cluster_enabled:1", "cluster_state:ok", `cluster_slots_assigned:${SLOTS}`],
  ...[`cluster_slots_ok:${SLOTS}`, "cluster_slots_pfail:0", "cluster_slots_fail:0"],
  ...["cluster_known_nodes:1", "cluster_size:1", "cluster_current_epoch:1", "cluster_my_epoch:1"],
  ...["cluster_stats_messages_sent:0", "cluster_stats_messages_received:0"],
  "total_cluster_links_buffer_limit_exceeded:0",
].map((line) => `${line}\r\n`).join("");

const HELP = [
  "COUNTKEYSINSLOT <slot>",
  "Return the number of keys in a slot.",
  "GETKEYSINSLOT <slot> <count>",
  "Return names of keys in a slot.",
  "INFO",
  "Return the state of the cluster, of which this proxy is the only node.",
  "KEYSLOT <key>",
  "Return the slot of a key.",
  "LINKS | MYID | MYSHARDID | NODES | REPLICAS <node> | SHARDS | SLOTS",
  "Return the node and its slots.",
];

function slots(_: Arguments, session: Session): ClientRequest {
  const { host, port, id } = nodeFor(session);
  const node = array([bulk(host), integer(port), bulk(id), array([])]);
  return textReply(array([array([integer(0), integer(SLOTS - 1), node])]));
}

function shards(_: Arguments, session: Session): ClientRequest {
  const { host, port, id } = nodeFor(session);
  const { version } = session;
  const node = map(version, [
    ["id", bulk(id)],
    ["port", integer(port)],
    ["ip", bulk(host)],
    ["endpoint", bulk(host)],
    ["role", bulk("master")],
    ["replication-offset", integer(0)],
    ["health", bulk("online")],
  ]);
  const range = array([integer(0), integer(SLOTS - 1)]);
  return textReply(array([map(version, [["slots", range], ["nodes", array([node])]])]));
}

function nodes(_: Arguments, session: Session): ClientRequest {
  const { host, port, id } = nodeFor(session);
  const line = `${id} ${host}:${port}@${port + BUS} myself,master - 0 0 1 connected 0-${SLOTS - 1}`;
  return textReply(verbatim(session.version, `${line}\n`));
}

function replicas(args: Arguments, session: Session): ClientRequest {
  const id = args.string(2);
  return id === nodeFor(session).id ? textReply(array([])) : refuse(`ERR Unknown node ${id}`);
}

/** COUNTKEYSINSLOT and GETKEYSINSLOT: one Redis knows no slots, so all of its keys are looked at. */
function keysInSlot(args: Arguments, { lane, mayPass, login }: Session): ClientRequest {
  const slot = parseInteger(args.string(2));
  const most = args.count > 3 ? parseInteger(args.string(3)) : null;
  if (slot === undefined || most === undefined) {
    return refuse("ERR value is not an integer or out of range");
  }
  if (slot < 0 || slot >= SLOTS || (most !== null && most < 0)) {
    return refuse(args.count > 3 ? "ERR Invalid slot or number of keys" : "ERR Invalid slot");
  }
  // The keys are looked at with the rights of the proxy.
  if (lane === null || !mayPass || login !== null) {
    return refuse("NOPERM This client may not look at all keys through this proxy");
  }
  return new SlotKeysRequest(lane, slot, most);
}

const myId = (_: Arguments, session: Session) => textReply(bulk(nodeFor(session).id));

/** The subcommands of the emulated CLUSTER. */
export const EMULATED: ReadonlyMap<string, Subcommand> = bySubcommand([
  { name: "slots", arity: 2, run: slots },
  { name: "shards", arity: 2, run: shards },
  { name: "nodes", arity: 2, run: nodes },
  { name: "info", arity: 2, run: (_, { version }) => textReply(verbatim(version, INFO)) },
  { name: "myid", arity: 2, run: myId },
  { name: "myshardid", arity: 2, run: myId },
  { name: "keyslot", arity: 3, run: (args) => textReply(integer(slotOf(args.string(2)))) },
  { name: "countkeysinslot", arity: 3, run: keysInSlot },
  { name: "getkeysinslot", arity: 4, run: keysInSlot },
  { name: "replicas", arity: 3, run: replicas },
  { name: "slaves", arity: 3, run: replicas },
  { name: "count-failure-reports", arity: 3, run: () => textReply(integer(0)) },
  { name: "links", arity: 2, run: () => textReply(array([])) },
  help("CLUSTER", HELP),
]);
