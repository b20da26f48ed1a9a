/**
 * Checks the kind of server, its version and its configuration.
 *
 * @module
 */
import type { Config, Values } from "../config/mod.ts";
import { generalPolicy } from "../app/defaults.ts";
import { wantedConnections } from "../app/server_options.ts";
import type { Asking } from "./asking.ts";
import { error, type Finding, ok, warning } from "./finding.ts";
import { checkReplicas } from "./replicas.ts";

/** Below this many bytes of replies, Redis should not disconnect a client. */
const REPLY_BYTES = 32 * 1024 * 1024;

/** Judges the server. */
export async function checkServer(
  redis: Asking,
  config: Config,
): Promise<Finding[]> {
  const { values, cluster } = config;
  const isCluster = cluster !== null;
  const info = await redis.info("everything");
  if (info === null) {
    const found = "Redis does not tell its version and role";
    return [
      warning("server", found, "ACL SETUSER NAME +info"),
      ...await checkReplicas(redis, isCluster, config),
    ];
  }
  const isClustered = isCluster || info.get("cluster_enabled") === "1";
  return [
    kindOf(info, isCluster, values),
    ...roleOf(info, values),
    ...await checkReplicas(redis, isClustered, config),
    ...await tableOf(redis, values),
    ...await roomOf(redis, values),
    ...await buffersOf(redis, values),
  ];
}

function kindOf(info: Map<string, string>, isCluster: boolean, values: Values): Finding {
  const version = info.get("redis_version") ?? "unknown";
  // The second is the field of Valkey.
  if ([info.get("redis_mode"), info.get("server_mode")].includes("sentinel")) {
    const found = "This is a Sentinel, which has no keys";
    return error(
      "server",
      found,
      "--redis-url redis+sentinel://NAME@host:26379; redis-cli SENTINEL MASTERS lists the names",
    );
  }
  if (info.get("cluster_enabled") === "1" && !isCluster) {
    if (values["redis-cluster"] === "auto") {
      return ok("server", `Redis ${version}, a node of a cluster: the proxy uses all of its nodes`);
    }
    const found = "This is a node of a Redis Cluster: keys of other nodes answer MOVED";
    return error("server", found, "--redis-cluster auto");
  }
  if (info.get("cluster_enabled") !== "1" && isCluster) {
    const found = "This is no node of a Redis Cluster";
    return error("server", found, "--redis-url redis://host:port, with one host");
  }
  if (Number.parseInt(version) < 6) {
    const found = `Redis ${version} cannot announce changes: values stay until their time is up`;
    return warning("server", found, "Redis 6.0 or newer, or --coherence off");
  }
  const isProxy = info.has("redis_proxy_version");
  return ok("server", `Redis ${version}${isProxy ? ", behind another redis-proxy" : ""}`);
}

function roleOf(info: Map<string, string>, values: Values): Finding[] {
  if (info.get("role") !== "slave") return [ok("role", "This Redis is a master")];
  const master = `--redis-host ${info.get("master_host")} --redis-port ${info.get("master_port")}`;
  if (info.get("master_link_status") === "down") {
    return [warning("role", "This replica has lost its master: its values may be old", master)];
  }
  if (values["read-only"]) {
    return [ok("role", "This Redis is a replica, and only reads are served")];
  }
  const found = "This Redis is a replica: it refuses writes";
  return [warning("role", found, `${master}, or --read-only yes`)];
}

/** Redis forgets what the proxy has read if its table is smaller than the cache. */
async function tableOf(redis: Asking, values: Values): Promise<Finding[]> {
  const most = Number(await redis.config("tracking-table-max-keys") ?? 0);
  const size = values["cache-size"];
  if (values.coherence === "off" || values.tracking === "bcast") return [];
  if (most === 0 || most >= size) return [];
  const found = `Redis follows at most ${most} keys, and the cache holds ${size}`;
  return [warning("tracking", found, `CONFIG SET tracking-table-max-keys ${2 * size}`)];
}

async function roomOf(redis: Asking, values: Values): Promise<Finding[]> {
  const most = Number(await redis.config("maxclients") ?? Infinity);
  const { upstreams } = wantedConnections(values);
  if (most >= upstreams + 16) return [];
  const found =
    `Redis accepts ${most} clients, and the proxy may open ${upstreams} private connections`;
  return [warning("maxclients", found, `CONFIG SET maxclients ${upstreams + 16}`)];
}

async function buffersOf(redis: Asking, values: Values): Promise<Finding[]> {
  const limits = await redis.config("client-output-buffer-limit") ?? "";
  const hard = Number(/normal (\d+)/.exec(limits)?.[1] ?? 0);
  const needed = Math.max(REPLY_BYTES, 2 * generalPolicy(values).valueLimit);
  if (hard === 0 || hard >= needed) return [];
  const found = `Redis disconnects a client that leaves ${hard} bytes of replies unread`;
  return [warning("output buffer", found, 'CONFIG SET client-output-buffer-limit "normal 0 0 0"')];
}
