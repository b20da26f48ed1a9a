/**
 * A made-up context for a conversation in RESP.
 *
 * @module
 */
import { PassFilter } from "../../src/commands/permission.ts";
import { Stats } from "../../src/core/stats.ts";
import { Credentials, DEFAULT_USER } from "../../src/core/credentials.ts";
import { Log } from "../../src/core/log.ts";
import type { Peer } from "../../src/server/peer.ts";
import type { Facts } from "../../src/core/facts.ts";
import { RESP_LIMITS, type RespContext } from "../../src/resp/mod.ts";

export const PEER: Peer = {
  remote: "192.0.2.1:1234",
  local: "192.0.2.2:8080",
  isLocal: false,
  push() {},
  close() {},
};

export const FACTS: Facts = {
  replica: null,
  isEmulating: false,
  redisVersion: "7.0.15",
  proxyVersion: "1.2.3",
  processId: 42,
  port: 8080,
  uptime: 90_000.7,
  clients: 3,
  maxClients: 100,
  clientsTotal: 30,
  clientsRefused: 1,
  clientsCutOff: 0,
  idleTimeout: 60,
  requests: 1000,
  hits: 90,
  misses: 10,
  residentBytes: 5e7,
  usedBytes: 2e7,
  databases: [0],
  cacheEntries: 7,
  cacheEntriesMax: 10_000,
  cacheBytes: 4096,
  cacheBytesMax: 1 << 26,
  cacheTimeout: 30,
  isOriginUp: true,
  originState: "up",
  originProblem: "",
  originReads: 11,
  originFailures: 2,
  coherence: "off",
  coherenceTracking: "none",
  coherenceEpoch: 0,
  coherenceProvenAge: -1,
  sentinels: null,
  nodes: null,
  stats: new Stats(),
  originFlights: 1,
  originPermits: 0,
  originPermitsMax: 64,
  originWaiting: 0,
  originLargeBytes: 0,
  sharedUpstreams: 1,
  upstreamsMax: 1000,
};

/** A context without a password and with a silent log, unless overridden. */
export function respContext(given: Partial<RespContext> = {}): RespContext {
  return {
    stats: new Stats(),
    observer: null,
    purge: () => 0,
    insight: { top: () => [], savings: () => null },
    lanes: null,
    originCredentials: null,
    mayPass: () => true,
    filter: new PassFilter(),
    mayGet: true,
    onRefused() {},
    credentials: new Credentials(DEFAULT_USER, null),
    database: 0,
    enter: () => Promise.resolve(null),
    seen: null,
    readsReplicas: false,
    announce: null,
    freshness: "cached",
    limits: RESP_LIMITS,
    log: new Log("error", "text", () => {}),
    redisVersion: () => FACTS.redisVersion!,
    facts: () => FACTS,
    ...given,
  };
}
