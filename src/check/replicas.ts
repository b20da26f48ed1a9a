/**
 * Checks whether there are replicas to read from, if that is wanted.
 *
 * @module
 */
import type { Values } from "../config/mod.ts";
import type { Asking } from "./asking.ts";
import { type Finding, ok, warning } from "./finding.ts";

const MASTER = "--read-from master";

/** Judges the replicas of one Redis, or of a cluster. */
export async function checkReplicas(
  redis: Asking,
  info: Map<string, string>,
  isClustered: boolean,
  values: Values,
): Promise<Finding[]> {
  if (values["read-from"] === "master") return [];
  if (isClustered) return [await inCluster(redis, values)];
  const count = Number(info.get("connected_slaves") ?? 0);
  if (count > 0) return [ok("replicas", `Connected to this Redis: ${count}`)];
  const found = "No replica is connected to this Redis: reads go to it";
  return [warning("replicas", found, `replicaof HOST PORT at a replica, or ${MASTER}`)];
}

async function inCluster(redis: Asking, { coherence }: Values): Promise<Finding> {
  if (coherence === "off") {
    const found = "With --coherence off, the replicas of a cluster are not read";
    return warning("replicas", found, `--coherence auto, or ${MASTER}`);
  }
  const ranges = await redis.ask("CLUSTER", "SLOTS");
  if (!Array.isArray(ranges)) {
    return warning("replicas", "Redis does not tell the replicas", "ACL SETUSER NAME +cluster");
  }
  const alone = new Set<string>();
  const masters = new Set<string>();
  for (const [, , master, ...replicas] of ranges as [number, number, ...unknown[]][]) {
    const [host, port] = master as [string | null, number];
    const name = `${host ?? ""}:${port}`;
    masters.add(name);
    if (replicas.length === 0) alone.add(name);
  }
  if (alone.size === 0) return ok("replicas", `Each of ${masters.size} masters has a replica`);
  const found = `Masters without a replica, which are read themselves: ${[...alone].join(", ")}`;
  return warning("replicas", found, `CLUSTER REPLICATE at a replica, or ${MASTER}`);
}
