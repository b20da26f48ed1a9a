/**
 * What the lanes need from the rest of the program. Types only.
 *
 * @module
 */
import type { PassFilter } from "../commands/permission.ts";
import type { CommandTable } from "../commands/table.ts";
import type { Latencies } from "../core/stats.ts";
import type { Failure, Millis } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { ChangeLog } from "./changes.ts";
import type { ClientIds } from "./client_ids.ts";
import type { Greeting } from "./greeting.ts";

/** The attributes of a new connection, without the database, which is always the cached one. */
export interface Opening extends Omit<Greeting, "database" | "own"> {
  /** Whether it is for commands that depend on no database: they may pass while Redis is busy. */
  readonly isForControl?: boolean;
  /** Whether many clients share it. */
  readonly isShared?: boolean;
}

export interface LanesOptions {
  /**
   * Opens a connection to Redis, logged in and in the right database. Never rejects.
   *
   * @param prepare Asks further questions, before the connection counts as open.
   * @param place Where to connect, if there are several places.
   */
  readonly open: (
    opening: Opening,
    prepare: (connection: Connection) => Promise<void>,
    place?: OriginAddress,
  ) => Promise<Connection | Failure>;
  /** How long Redis may take to answer the commands of the proxy itself. */
  readonly timeout: Millis;
  /** Called with the table of commands each time it has been read. */
  readonly onTable: (table: CommandTable) => void;
  /** Called with the length of the longest argument that Redis takes, in bytes, once it is known. */
  onLongest?: (bytes: number) => void;
  readonly cache: ChangeLog;
  readonly stats: LaneStats;
  /** The database that the cache serves. */
  readonly database: number;
  /** The proxy's own credentials at Redis; null if Redis requires none. */
  readonly login: Greeting["own"];
  readonly filter: PassFilter;
  /** The most private connections. */
  readonly maxPrivate: number;
  /** The most bytes of unread long replies on the shared lanes. */
  readonly replyMemory: number;
  /** The clients that there are already; default: none. */
  readonly ids?: ClientIds | undefined;
}

/** The counters of the lanes. */
export interface LaneStats {
  commandsPassed: number;
  upstreams: number;
  upstreamsTotal: number;
  sharedUpstreamsTotal: number;
  readonly latencies: Pick<Latencies, "lanes">;
}
