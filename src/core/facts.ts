/**
 * A snapshot of a running proxy, for INFO, HELLO, metrics and readiness.
 *
 * @module
 */
import type { Stats } from "./stats.ts";

/** What INFO, HELLO and CONFIG GET tell. Counts are since the start; durations in seconds. */
export interface Facts {
  /** The backing server's version, or the oldest that speaks as we do while it is not known. */
  readonly redisVersion: string;
  readonly proxyVersion: string;
  readonly processId: number;
  readonly port: number;
  readonly uptime: number;
  readonly clients: number;
  readonly maxClients: number;
  readonly clientsTotal: number;
  readonly clientsRefused: number;
  /** Clients that did not take their replies. */
  readonly clientsCutOff: number;
  readonly idleTimeout: number;
  readonly requests: number;
  readonly hits: number;
  readonly misses: number;
  /** Memory that the process holds, and that is in use, in bytes. */
  readonly residentBytes: number;
  readonly usedBytes: number;
  readonly cacheEntries: number;
  readonly cacheEntriesMax: number;
  readonly cacheBytes: number;
  readonly cacheBytesMax: number;
  readonly cacheTimeout: number;
  /** Whether there is a connection to the backing server. */
  readonly isOriginUp: boolean;
  /** What the connection to the backing server is at: up, away, timeout, unready or refused. */
  readonly originState: string;
  /** Why it is not up; empty while it is. */
  readonly originProblem: string;
  readonly originReads: number;
  readonly originFailures: number;
  /** Reads that are under way. */
  readonly originFlights: number;
  /** Of those, permits that are held at Redis, out of so many, and reads that wait for one. */
  readonly originPermits: number;
  readonly originPermitsMax: number;
  readonly originWaiting: number;
  /** Bytes of large values that are being read. */
  readonly originLargeBytes: number;
  /** What the channel of invalidations is at: off, tracked, untracked or down. */
  readonly coherence: string;
  readonly coherenceEpoch: number;
  /** How long ago all that is kept was proven right, in milliseconds; -1 when it is not. */
  readonly coherenceProvenAge: number;
  readonly stats: Stats;
}
