/**
 * The lanes: the ways by which commands that the cache does not answer travel to Redis. What all
 * clients share: the server's table of commands, the shared connections, and the count of private
 * ones.
 *
 * @module
 */
import { PassFilter } from "../commands/permission.ts";
import { isAlwaysShared, type Route } from "../commands/route.ts";
import { CommandTable } from "../commands/table.ts";
import type { CommandSpec, Reply } from "../commands/spec.ts";
import { Failure } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { ChangeLog } from "./changes.ts";
import { ClientIds } from "./client_ids.ts";
import type { Greeting } from "./greeting.ts";
import type { LaneClient } from "./lane_client.ts";
import { ConnectionState } from "./connection_state.ts";
import { PrivateLane } from "./private_lane.ts";
import { SharedLane } from "./shared_lane.ts";
import { StreamBudget } from "./stream_budget.ts";

/** What a new connection is told before it is used; the database is the one that is cached. */
export type Opening = Omit<Greeting, "database">;

export interface LanesOptions {
  /** Opens a connection to Redis, logged in and in the right database. Never rejects. */
  readonly open: (opening: Opening) => Promise<Connection | Failure>;
  readonly cache: ChangeLog;
  readonly stats: LaneStats;
  /** The database that the cache serves. */
  readonly database: number;
  /** The proxy's own credentials at Redis; null if Redis wants none. */
  readonly login: Greeting["login"];
  readonly filter: PassFilter;
  /** Private connections at most. */
  readonly maxPrivate: number;
  /** Bytes of long replies on the shared lanes that clients have not taken. */
  readonly replyMemory: number;
}

/** What the lanes count. */
export interface LaneStats {
  commandsPassed: number;
  upstreams: number;
  upstreamsTotal: number;
}

/** The shared lanes are named so that CLIENT LIST tells them apart. */
const NAMES = { shared: "redis-proxy-shared", control: "redis-proxy-control" } as const;

/** Names that are remembered: each command may be written in several ways. */
const PLAIN_NAMES = 2000;

export class Lanes {
  /** The commands of the server, as far as it has told them. */
  table = new CommandTable();
  /** The clients by their ids. */
  readonly ids = new ClientIds();
  readonly #shared = new Map<string, SharedLane>();
  readonly #budget: StreamBudget;
  /** What `plain` has found out of the present table, by name; null for names that are not plain. */
  readonly #plain = new Map<string, CommandSpec | null>();
  #plainTable: CommandTable | null = null;
  /** Whether the server can be asked for its commands. */
  #mayAsk = true;

  constructor(readonly options: LanesOptions) {
    this.#budget = new StreamBudget(options.replyMemory);
  }

  /** Whether one more private connection may be opened. */
  get hasRoom(): boolean {
    return this.options.stats.upstreams < this.options.maxPrivate;
  }

  /**
   * The specification of a command by the name that a client wrote, if it may pass and always takes
   * the shared lane.
   */
  plain(name: string): CommandSpec | undefined {
    if (this.#plainTable !== this.table) {
      this.#plainTable = this.table;
      this.#plain.clear();
    }
    let spec = this.#plain.get(name);
    if (spec === undefined) {
      const found = this.table.find({ count: 1, string: () => name });
      const isPlain = found !== undefined && isAlwaysShared(found) &&
        this.allows(found, found.name);
      spec = isPlain ? found : null;
      if (this.#plain.size < PLAIN_NAMES) this.#plain.set(name, spec);
    }
    return spec ?? undefined;
  }

  /** Whether a command may pass; `name` is what the client called it. */
  allows(spec: CommandSpec | undefined, name: string): boolean {
    const { filter } = this.options;
    return spec === undefined ? filter.allowsName(name) : filter.allows(spec);
  }

  /** Resolves once the table of commands is known; to a failure if Redis cannot be asked. */
  ready(version: 2 | 3): Promise<Failure | null> {
    return this.table.isKnown ? Promise.resolve(null) : this.shared("shared", version).opened();
  }

  /** The shared lane of a route, for clients that speak this version of the protocol. */
  shared(route: Route, version: 2 | 3): SharedLane {
    const kind = route === "control" ? "control" : "shared";
    const key = `${kind}${version}`;
    let lane = this.#shared.get(key);
    if (lane === undefined) {
      lane = new SharedLane({
        open: () => this.#openShared({ version, name: NAMES[kind], login: null }),
        cache: this.options.cache,
        budget: this.#budget,
      });
      this.#shared.set(key, lane);
    }
    return lane;
  }

  /** Opens a private lane for a client. */
  async openPrivate(client: LaneClient): Promise<PrivateLane | Failure> {
    const { open, cache, database, stats } = this.options;
    if (!this.hasRoom) {
      return new Failure("reply", "ERR max number of clients reached");
    }
    stats.upstreams++;
    const { version, login, name, libraryName, libraryVersion } = client;
    const connection = await open({ version, login, name, libraryName, libraryVersion });
    if (connection instanceof Failure) {
      stats.upstreams--;
      return connection;
    }
    stats.upstreamsTotal++;
    const lane = new PrivateLane(connection, new ConnectionState(database), cache);
    lane.onClosed = () => stats.upstreams--;
    const id = await connection.call("CLIENT", "ID").catch(() => null);
    lane.upstreamId = typeof id === "number" ? id : null;
    return lane;
  }

  /** Ends all shared connections. */
  close(): void {
    for (const lane of this.#shared.values()) lane.close();
  }

  /** Opens a shared connection; the server behind it may be another one now. */
  async #openShared(opening: Opening): Promise<Connection | Failure> {
    const connection = await this.options.open(opening);
    if (connection instanceof Failure || !this.#mayAsk) return connection;
    await this.#read(connection);
    if (connection.loss === null) return connection;
    // Some servers end the connection at a command that they do not have.
    this.#mayAsk = false;
    return await this.options.open(opening);
  }

  /** Learns the commands of the server; one that does not tell them has them all sent privately. */
  async #read(connection: Connection): Promise<void> {
    const reply = await connection.call("COMMAND").catch(() => null);
    if (Array.isArray(reply)) this.table = CommandTable.of(reply as Reply);
  }
}
