/**
 * Builds the lanes, decides who may use them, and reports refused commands.
 *
 * @module
 */
import { PassFilter } from "../commands/permission.ts";
import type { Config, Values } from "../config/mod.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import type { Millis } from "../core/types.ts";
import type { ChangeLog } from "../lanes/changes.ts";
import { ClusterLanes } from "../lanes/cluster/mod.ts";
import { Lanes, type LanesOptions } from "../lanes/mod.ts";
import { fixed } from "../origin/location.ts";
import type { ClusterOrigin } from "../topology/cluster/mod.ts";
import type { DataPath } from "./data_path.ts";
import type { Peer } from "../server/peer.ts";
import { loginOf, openLane } from "./open_lane.ts";
import { watchNames } from "./unknown_names.ts";

/**
 * Returns the lanes for these settings; null if the proxy serves only reads.
 *
 * @param others The lanes that they replace, or join for another database; null for none.
 */
export function makeLanes(
  { values, origin: address }: Config,
  { location, backing, cluster }: DataPath,
  maxPrivate: number,
  cache: ChangeLog,
  stats: Stats,
  log: Log,
  others: Lanes | null = null,
): Lanes | null {
  if (values["read-only"]) return null;
  const timeout = values["redis-timeout"];
  const onTable = others === null ? watchNames(values, log) : null;
  const options: LanesOptions = {
    onTable: onTable ?? (() => {}),
    open: (opening, prepare, place) => {
      const where = place === undefined ? location : fixed(place);
      return openLane(where, opening, prepare, timeout, backing);
    },
    timeout,
    cache,
    stats,
    database: address.database,
    get login() {
      return loginOf(address);
    },
    filter: filterOf(values),
    maxPrivate,
    replyMemory: values["reply-memory"],
    ids: others?.ids,
  };
  const lanes = cluster === null ? new Lanes(options) : clusterLanes(options, cluster, timeout);
  if (others !== null) lanes.table = others.table;
  // Reads the table now: at the first command, a warning could come hours later.
  if (onTable !== null) lanes.ready(2);
  return lanes;
}

function clusterLanes(
  options: LanesOptions,
  cluster: ClusterOrigin,
  timeout: Millis,
): ClusterLanes {
  const lanes = new ClusterLanes(options, cluster, timeout);
  cluster.onChange = () => lanes.leaveAllBut(new Set(cluster.owners.map(({ name }) => name)));
  return lanes;
}

/** Returns which commands clients may use. */
export function filterOf({ deny, allow }: Values): PassFilter {
  return new PassFilter({ deny: deny ?? [], allow: allow ?? [] });
}

/**
 * Whether a client without a password may use commands that pass to Redis. By default, nobody gets
 * a right here that Redis itself would not grant: the client must be local, as in Redis's own
 * protected mode, and Redis must require no password either.
 */
export function mayPass({ values, credentials, origin }: Config, peer: Peer): boolean {
  if (credentials.required || !values["protected-mode"]) return true;
  return peer.isLocal && origin.password === null;
}

/** Counts refused commands, and logs the first refusal of each. */
export function refusalsTo(log: Log, stats: Stats): (name: string) => void {
  const logged = new Set<string>();
  return (name) => {
    stats.commandsRefused++;
    if (logged.has(name) || logged.size === LOGGED_NAMES) return;
    logged.add(name);
    log.warn("Refused a command; further refusals of it are not logged", { command: name });
  };
}

/** The most names to remember. Clients choose the names, so there must be a limit. */
const LOGGED_NAMES = 100;
