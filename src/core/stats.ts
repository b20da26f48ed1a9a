/**
 * The counters of the proxy. Plain fields, incremented where an event happens.
 *
 * @module
 */
import { Histogram } from "./histogram.ts";
import { NameCounts } from "./name_counts.ts";

/** Why an entry was evicted: `--cache-size`, `--cache-memory`, or the share of absent keys. */
export type EvictionCause = "entries" | "memory" | "absent_keys";

/** The durations of the steps of requests. */
export class Latencies {
  /** From reading a request to its reply, for hits; one in `SAMPLED_REQUESTS` is measured. */
  readonly hit = new Histogram();
  /** From the miss of a key to the answer of Redis, failures included. */
  readonly miss = new Histogram();
  /** From sending a read to the answer of Redis. */
  readonly origin = new Histogram();
  /** From a passed command to its reply; one in `SAMPLED_PASSES` on the shared lanes is measured. */
  readonly lanes = {
    shared: new Histogram(),
    control: new Histogram(),
    private: new Histogram(),
  };
}

/** One request in this many is measured, if it is a hit; a power of 2. */
export const SAMPLED_REQUESTS = 128;

/** One command in this many is measured on a shared lane; a power of 2. */
export const SAMPLED_PASSES = 16;

/** The counters of the proxy. */
export class Stats {
  /** Connected clients. */
  clients = 0;
  /** Clients accepted since the start. */
  clientsTotal = 0;
  /** Clients refused because of the limit. */
  clientsRefused = 0;
  /** Clients disconnected because they did not read their replies. */
  clientsCutOff = 0;
  /** Answered requests of both protocols. */
  requests = 0;
  /** Keys answered from the cache. */
  hits = 0;
  /** Keys not answered from the cache. */
  misses = 0;
  /** Keys read from the origin. */
  originReads = 0;
  /** Keys read from a replica. */
  replicaReads = 0;
  /** Keys read from the master, if replicas may be read. */
  masterReads = 0;
  /** Reads at the origin that failed. */
  originFailures = 0;
  /** Keys that cannot be read: their reply ends the connection, or is of an unexpected type. */
  originBroken = 0;
  /** Keys whose read was refused because several reads in a row had failed. */
  originRefusals = 0;
  /** Keys not read again because their last read had just failed. */
  backedOff = 0;
  /** Keys answered by the read of another request. */
  collapsed = 0;
  /** Keys answered with stale values because Redis did not answer. */
  staleAnswers = 0;
  /** Keys refreshed before they expired, because they are in use. */
  refreshes = 0;
  /** Changes of keys that Redis announced. */
  invalidations = 0;
  /** Reads whose key changed meanwhile: answered, but not cached. */
  detached = 0;
  /** Flushes that Redis announced. */
  flushes = 0;
  /**
   * Messages on the invalidation channel that are not invalidations: somebody publishes there.
   */
  foreignMessages = 0;
  /** Commands that passed to Redis. */
  commandsPassed = 0;
  /** Commands that were refused: denied, or not for a client without a password. */
  commandsRefused = 0;
  /** Connections to Redis that are open for clients that need their own. */
  upstreams = 0;
  /** Connections to Redis that were opened for clients that need their own. */
  upstreamsTotal = 0;
  /** Connections to Redis that were opened for commands of all clients. */
  sharedUpstreamsTotal = 0;
  /** Connections to Redis made so far. */
  connections = 0;
  /** Connections to Redis lost so far. */
  connectionsLost = 0;
  /** Bytes received from clients. */
  bytesIn = 0;
  /** Bytes sent to clients. */
  bytesOut = 0;
  /** Plain GETs of RESP clients, which are counted here and not in `commands`. */
  plainGets = 0;
  /** Other commands of RESP clients. */
  readonly commands = new NameCounts();
  /** HTTP replies by status. */
  readonly httpStatuses = new Float64Array(600);
  /** Logins that were refused, by protocol. */
  readonly failedLogins = { resp: 0, http: 0 };
  /** Evicted entries. */
  readonly evictions: Record<EvictionCause, number> = { entries: 0, memory: 0, absent_keys: 0 };
  /** The measured durations. */
  readonly latencies = new Latencies();
}
