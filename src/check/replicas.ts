/**
 * Checks whether there are replicas to read from, if that is wanted.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import { readSlots, replicasIn, sharesOf } from "../topology/cluster/slots_reply.ts";
import { masterRole, type Place } from "../topology/replicas/roles.ts";
import type { Asking } from "./asking.ts";
import { type Finding, ok, warning } from "./finding.ts";
import { checkReplicaRights } from "./replica_rights.ts";

const MASTER = "--read-from master";

/** Judges the replicas of one Redis, or of a cluster. */
export async function checkReplicas(
  redis: Asking,
  isClustered: boolean,
  config: Config,
): Promise<Finding[]> {
  if (config.values["read-from"] === "master") return [];
  return await (isClustered ? inCluster(redis, config) : ofOne(redis, config));
}

async function ofOne(redis: Asking, config: Config): Promise<Finding[]> {
  const reply = await redis.ask("ROLE");
  const replicas = masterRole(reply)?.replicas ?? [];
  const rights = await checkReplicaRights([config.origin], replicas, false, config);
  if (replicas.length > 0) {
    return [ok("replicas", `Connected to this Redis: ${replicas.length}`), ...rights];
  }
  if (!Array.isArray(reply)) return rights; // They name the missing right.
  const [role, host, port] = reply;
  const [found, fix] = role === "slave"
    ? [
      "This Redis is a replica itself: reads go to it",
      `--redis-host ${host} --redis-port ${port}`,
    ]
    : ["No replica is connected to this Redis: reads go to it", "replicaof HOST PORT at a replica"];
  return [warning("replicas", found, `${fix}, or ${MASTER}`), ...rights];
}

async function inCluster(redis: Asking, config: Config): Promise<Finding[]> {
  const { values: { coherence }, origin: { host, username } } = config;
  if (coherence === "off") {
    const found = "With --coherence off, the replicas of a cluster are not read";
    return [warning("replicas", found, `--coherence auto, or ${MASTER}`)];
  }
  const reply = await redis.ask("CLUSTER", "SLOTS");
  if (!Array.isArray(reply)) {
    const fix = `ACL SETUSER ${username ?? "default"} +cluster|slots`;
    return [warning("replicas", "Redis does not tell the replicas", fix)];
  }
  const shares = sharesOf(readSlots(reply, host));
  const masters = [...shares].map(([name, ranges]) => ({ name, place: ranges[0]!.place }));
  const alone: string[] = [];
  const replicas: Place[] = [];
  for (const { name } of masters) {
    const own = replicasIn(reply, host, name);
    if (own.length === 0) alone.push(name);
    replicas.push(...own);
  }
  return [
    countIn(masters.length, alone),
    ...await checkReplicaRights(masters.map(({ place }) => place), replicas, true, config),
  ];
}

function countIn(masters: number, alone: readonly string[]): Finding {
  if (alone.length === 0) return ok("replicas", `Each of ${masters} masters has a replica`);
  const found = `Masters without a replica, which are read themselves: ${alone.join(", ")}`;
  return warning("replicas", found, `CLUSTER REPLICATE at a replica, or ${MASTER}`);
}
