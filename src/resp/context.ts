/**
 * What all RESP connections to one database share.
 *
 * @module
 */
import type { PassFilter } from "../commands/permission.ts";
import type { Credentials } from "../core/credentials.ts";
import type { Facts } from "../core/facts.ts";
import type { Insight } from "../core/insight.ts";
import type { Log } from "../core/log.ts";
import type { Purge } from "../core/purge.ts";
import type { Stats } from "../core/stats.ts";
import type { Failure, Lookup } from "../core/types.ts";
import type { Lanes } from "../lanes/mod.ts";
import type { RequestObserver } from "../server/observer.ts";
import type { Peer } from "../server/peer.ts";
import type { Freshness } from "./freshness.ts";
import type { RespLimits } from "./parse/limits.ts";

/** The parts that all RESP connections share. */
export interface RespContext {
  readonly credentials: Credentials;
  /** The proxy's own credentials at Redis; null if Redis requires none. */
  readonly originCredentials: Credentials | null;
  /** Whether a client without a password may use commands that pass to Redis. */
  mayPass(peer: Peer): boolean;
  readonly stats: Pick<Stats, "plainGets" | "requests" | "commands" | "failedLogins">;
  /** Decides which commands clients may use. */
  readonly filter: PassFilter;
  /** Whether GET is among them. */
  readonly mayGet: boolean;
  /** Drops entries from the cache. */
  readonly purge: Purge;
  /** What is known of the lookups. */
  readonly insight: Insight;
  /** Watches all requests; null for nobody. */
  readonly observer: RequestObserver | null;
  /** Called with a refused command. */
  onRefused(name: string): void;
  /** The lanes to Redis for commands that the cache does not answer; null to serve only reads. */
  readonly lanes: Lanes | null;
  /** Whether clients see a cluster, or one Redis although there is a cluster; null: as Redis is. */
  readonly seen: "cluster" | "standalone" | null;
  /** Whether reads of the cache may go to a replica. */
  readonly readsReplicas: boolean;
  /** The address of the emulated node; null for that which the client has reached. */
  readonly announce: { readonly host: string; readonly port: number | null } | null;
  /** The database of Redis. */
  readonly database: number;
  /** Reads its keys; default: as for all other connections. */
  readonly lookup?: Lookup;
  /**
   * Returns the context of another database; null if only a private connection leads there. A failure
   * says that Redis is not ready now.
   */
  enter(database: number): Promise<RespContext | Failure | null>;
  readonly limits: RespLimits;
  /** How fresh answers must be until the client chooses. */
  readonly freshness: Freshness;
  readonly log: Log;
  /** The version of Redis, if it is known. */
  redisVersion(): string;
  /** The figures of INFO and similar commands. */
  facts(): Facts;
}
