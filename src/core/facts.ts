/**
 * A snapshot of a running proxy, for INFO, HELLO, metrics and readiness.
 *
 * @module
 */
import type { Stats } from "./stats.ts";

/** The figures of a proxy. Counts are since the start; durations are in seconds unless stated. */
export interface Facts {
  /** The version of Redis; null while it is unknown. */
  readonly redisVersion: string | null;
  /** The version of the proxy. */
  readonly proxyVersion: string;
  /** The process id. */
  readonly processId: number;
  /** The port for clients. */
  readonly port: number;
  /** Time since the start. */
  readonly uptime: number;
  /** Connected clients. */
  readonly clients: number;
  /** The limit of connected clients. */
  readonly maxClients: number;
  /** Accepted clients. */
  readonly clientsTotal: number;
  /** Clients refused because of the limit. */
  readonly clientsRefused: number;
  /** Clients disconnected because they did not read their replies. */
  readonly clientsCutOff: number;
  /** `--idle-timeout`; 0 means never. */
  readonly idleTimeout: number;
  /** Answered requests of both protocols. */
  readonly requests: number;
  /** Keys answered from the cache. */
  readonly hits: number;
  /** Keys not answered from the cache. */
  readonly misses: number;
  /** Resident memory of the process, in bytes. */
  readonly residentBytes: number;
  /** Memory in use, in bytes. */
  readonly usedBytes: number;
  /** The databases with a cache. */
  readonly databases: readonly number[];
  /** Entries in the cache, fresh or not. */
  readonly cacheEntries: number;
  /** `--cache-size`. */
  readonly cacheEntriesMax: number;
  /** Memory of the entries, in bytes. */
  readonly cacheBytes: number;
  /** `--cache-memory`, in bytes. */
  readonly cacheBytesMax: number;
  /** `--cache-timeout`. */
  readonly cacheTimeout: number;
  /** Whether there is a connection to Redis. */
  readonly isOriginUp: boolean;
  /** The state of the connection to Redis: up, away, timeout, unready or refused. */
  readonly originState: string;
  /** Why there is no connection; empty if there is one. */
  readonly originProblem: string;
  /** Keys read from Redis. */
  readonly originReads: number;
  /** Keys whose read failed. */
  readonly originFailures: number;
  /** Keys in flight. */
  readonly originFlights: number;
  /** Requests to Redis in flight. */
  readonly originPermits: number;
  /** `--client-limit`. */
  readonly originPermitsMax: number;
  /** Requests that wait for a permit. */
  readonly originWaiting: number;
  /** Memory of large values in flight, in bytes. */
  readonly originLargeBytes: number;
  /** The state of the invalidation channel: off, tracked, untracked or down. */
  readonly coherence: string;
  /** How Redis announces changes now: inline, redirect or none. */
  readonly coherenceTracking: string;
  /** The number of the current epoch. */
  readonly coherenceEpoch: number;
  /** Time since the last proof of all entries, in milliseconds; -1 without a proof. */
  readonly coherenceProvenAge: number;
  /** Connections to Redis that clients share for commands. */
  readonly sharedUpstreams: number;
  /** The limit of connections to Redis for single clients. */
  readonly upstreamsMax: number;
  /** The master behind sentinels; null without sentinels. */
  readonly sentinels: SentinelFacts | null;
  /** The replica of one Redis that is read; null without replicas. */
  readonly replica: ReplicaFacts | null;
  /** Whether clients see a cluster whose only node is the proxy. */
  readonly isEmulating: boolean;
  /** The nodes of a cluster; null without one. */
  readonly nodes: readonly NodeFacts[] | null;
  /** The counters. */
  readonly stats: Stats;
}

/** A node of a cluster. */
export interface NodeFacts {
  /** Its address, as host:port. */
  readonly name: string;
  /** The state of the connection to it: up, away, timeout, unready or refused. */
  readonly state: string;
  /** The number of slots whose requests are sent to it. */
  readonly slots: number;
  /** Keys that were read from it. */
  readonly reads: number;
  /** Whether another node has named it as a master since it was connected. */
  readonly isConfirmed: boolean;
  /** Whether it is watched less, because nobody reads from it. */
  readonly isResting: boolean;
  /** Where its keys are read; null if only masters are read. */
  readonly replica: ReplicaFacts | null;
}

/** Where reads go if replicas may be read. */
export interface ReplicaFacts {
  /** `--read-from`: replica or nearest. */
  readonly readFrom: string;
  /** Where reads go now: replica, master or nowhere. */
  readonly place: string;
  /** The address of the replica; empty if none is read. */
  readonly redis: string;
  /** How long ago the replica had all changes of the master, in milliseconds; -1 if unknown. */
  readonly provenAge: number;
  /** How far the replica was behind the master's stream, in bytes. */
  readonly lag: number;
}

/** What sentinels say of their master. */
export interface SentinelFacts {
  /** The name of the master. */
  readonly name: string;
  /** Where it is, as host:port; empty while that is unknown. */
  readonly master: string;
  /** The number of sentinels. */
  readonly count: number;
  /** The number of sentinels that name this master now. */
  readonly agreeing: number;
  /** Time since a majority of them was asked that named it, in milliseconds; -1 without one. */
  readonly confirmedAge: number;
  /** How often the master has moved. */
  readonly moves: number;
}
