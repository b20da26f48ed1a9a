/**
 * The lanes: the ways to Redis for commands that the cache does not answer. This module has what
 * all clients share: the table of commands, the shared connections, and the count of private
 * connections.
 *
 * @module
 */
import { PassFilter } from "../commands/permission.ts";
import { isAlwaysShared, type Route } from "../commands/route.ts";
import { CommandTable } from "../commands/table.ts";
import type { CommandSpec, Reply as CommandReply, Words } from "../commands/spec.ts";
import type { Later } from "../core/later.ts";
import type { Latencies } from "../core/stats.ts";
import { Failure, type Millis } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import { Closings } from "../origin/wire/closings.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { fieldOf, type Reply } from "../origin/wire/reply.ts";
import type { ChangeLog } from "./changes.ts";
import { ClientIds } from "./client_ids.ts";
import type { Greeting } from "./greeting.ts";
import { HalfOpenWatch, type Known, type Watched } from "./half_open.ts";
import type { LaneClient } from "./lane_client.ts";
import { LongRequests } from "./long_requests.ts";
import { ConnectionState } from "./connection_state.ts";
import type { Passable } from "./passable.ts";
import { PrivateLane } from "./private_lane.ts";
import { type Passed, type Sender, SharedLane } from "./shared_lane.ts";
import { StreamBudget } from "./stream_budget.ts";

/** The attributes of a new connection, without the database, which is always the cached one. */
export type Opening = Omit<Greeting, "database">;

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
  readonly login: Greeting["login"];
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
  readonly latencies: Pick<Latencies, "lanes">;
}

/** The names of the shared lanes in CLIENT LIST. */
const NAMES = { shared: "redis-proxy-shared", control: "redis-proxy-control" } as const;

const MOVED = "Redis is somewhere else now";

/** What is asked of a server: its commands, and the longest argument that it takes. */
const QUESTIONS = ["COMMAND", "CONFIG GET proto-max-bulk-len"] as const;
type Question = typeof QUESTIONS[number];

/** How long connections may be silent before Redis is asked about them, in time-outs. */
const SHARED_PATIENCE = 5;
const PRIVATE_PATIENCE = 30;

/** The most names to remember. Clients can write each command in several ways. */
const PLAIN_NAMES = 2000;

export class Lanes {
  /** The commands of the server, once they are known. */
  table = new CommandTable();
  /** Requests that are better sent over a private connection. */
  readonly long = new LongRequests();
  /** The clients by their ids. */
  readonly ids: ClientIds;
  /** The shared lanes by kind and version of the protocol. */
  readonly #shared: Record<"shared" | "control", { 2?: SharedLane; 3?: SharedLane }> = {
    shared: {},
    control: {},
  };
  /** How often Redis has moved. */
  #moves = 0;
  readonly #budget: StreamBudget;
  /** Results of `plain` for the current table, by name; null for commands that are not plain. */
  readonly #plain = new Map<string, CommandSpec | null>();
  #plainTable: CommandTable | null = null;
  /** Questions at which the server ends the connection, as some do at an unknown command. */
  readonly #closings = new Closings();

  /** The ids at Redis of shared connections. */
  readonly #upstreamIds = new WeakMap<Connection, number>();
  readonly #private = new Set<PrivateLane>();
  readonly #watch: HalfOpenWatch;

  constructor(readonly options: LanesOptions) {
    this.ids = options.ids ?? new ClientIds();
    this.#budget = new StreamBudget(options.replyMemory);
    this.#watch = new HalfOpenWatch(
      () => this.#watched(),
      (ids) => this.#known(ids),
      options.timeout,
    );
  }

  /** Whether one more private connection may be opened. */
  get hasRoom(): boolean {
    return this.options.stats.upstreams < this.options.maxPrivate;
  }

  /**
   * Returns the specification of a command by the name that a client wrote, if it may pass and
   * always takes the shared lane.
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
    return spec === undefined ? filter.allowsName(name, this.table.isKnown) : filter.allows(spec);
  }

  /** Resolves once the table of commands is known, or to the failure to read it. */
  ready(version: 2 | 3): Promise<Failure | null> {
    return this.table.isKnown ? Promise.resolve(null) : this.shared("shared", version).opened();
  }

  /** Returns the shared lane of a route, for clients with this version of the protocol. */
  shared(route: Route, version: 2 | 3): SharedLane {
    const kind = route === "control" ? "control" : "shared";
    return this.#shared[kind][version] ??= this.makeShared(kind, version);
  }

  /** The shared lanes that are in use. */
  protected get open(): SharedLane[] {
    const { shared, control } = this.#shared;
    return [shared, control].flatMap((lanes) => [lanes[2] ?? [], lanes[3] ?? []].flat());
  }

  /** Makes a shared lane, to a place if there are several. */
  protected makeShared(
    kind: "shared" | "control",
    version: 2 | 3,
    place?: OriginAddress,
  ): SharedLane {
    return new SharedLane({
      open: () => this.#openShared({ version, name: NAMES[kind], login: null }, place),
      isRouted: place !== undefined,
      cache: this.options.cache,
      budget: this.#budget,
      long: this.long,
      latency: this.options.stats.latencies.lanes[kind],
    });
  }

  /** Sends a request over a shared lane. */
  pass(
    request: Passable,
    route: Route,
    version: 2 | 3,
    replies: number,
    sender: Sender,
  ): Later<Passed> {
    return this.shared(route, version).pass(request, replies, sender);
  }

  /** The slot of a command's keys in a cluster; null without a cluster or keys. */
  slotOf(_spec: CommandSpec | undefined, _words: Words): number | null {
    return null;
  }

  /** Whether a private lane leads to where this request has to go. */
  suits(_lane: PrivateLane, _request: Passable): boolean {
    return true;
  }

  /** Opens a private lane for a client, and for this request. */
  async openPrivate(client: LaneClient, request?: Passable): Promise<PrivateLane | Failure> {
    const { open, cache, database, stats } = this.options;
    if (!this.hasRoom) {
      return new Failure("reply", "ERR max number of clients reached");
    }
    stats.upstreams++;
    const { version, login, name, libraryName, libraryVersion } = client;
    const moves = this.#moves;
    let upstreamId: number | null = null;
    const opening = { version, login, name, libraryName, libraryVersion };
    const place = this.placeOf(request);
    const prepare = async (connection: Connection) => {
      upstreamId = await idOf(connection);
    };
    const connection = await open(opening, prepare, place);
    if (connection instanceof Failure) {
      stats.upstreams--;
      return connection;
    }
    stats.upstreamsTotal++;
    if (connection.loss !== null) {
      stats.upstreams--;
      return new Failure("away", `Redis is away: ${connection.loss}`);
    }
    const lane = new PrivateLane(connection, new ConnectionState(database), cache, client);
    lane.latency = stats.latencies.lanes.private;
    lane.place = place;
    this.#private.add(lane);
    lane.onClosed = () => {
      stats.upstreams--;
      this.#private.delete(lane);
    };
    lane.upstreamId = upstreamId;
    if (moves !== this.#moves) {
      lane.close(MOVED);
      return new Failure("away", `Redis is away: ${MOVED}`);
    }
    return lane;
  }

  /** The number of shared connections. */
  get sharedConnections(): number {
    return this.open.reduce((sum, { connections }) => sum + connections, 0);
  }

  /**
   * Redis is somewhere else now: later commands go there. Clients with a connection of their own are
   * disconnected, as Redis does at a failover.
   */
  move(why: string): void {
    this.#moves++;
    for (const lane of this.open) lane.move();
    for (const lane of [...this.#private]) lane.close(why);
  }

  /** Other lanes take their place: clients with a connection of their own are disconnected. */
  retire(): void {
    this.#moves++;
    for (const lane of [...this.#private]) lane.close(MOVED);
  }

  /**
   * Authenticates all connections of the proxy's own user again, by a password that has replaced the
   * last one.
   *
   * @throws {Error} When Redis refuses it. The connections go on as before.
   */
  async authenticate(): Promise<void> {
    const { login } = this.options;
    if (login === null) return;
    const words = ["AUTH", ...(login.username === null ? [] : [login.username]), login.password];
    const told = [...this.open].map((lane) => lane.tell(...words));
    for (const lane of this.#private) told.push(lane.tell(words));
    const results = await Promise.allSettled(told);
    const failures = results.filter((one) => one.status === "rejected");
    if (failures.length > 0) throw failures[0]!.reason;
  }

  /** Ends all shared connections. */
  close(): void {
    this.#watch.stop();
    for (const lane of this.open) lane.close();
  }

  /** Whether all connections lead to one server, so that it can be asked which ones it has. */
  protected get isOneServer(): boolean {
    return true;
  }

  /** Where a request has to go; undefined if there is only one place. */
  protected placeOf(_request?: Passable): OriginAddress | undefined {
    return undefined;
  }

  /** Ends the private connections to a place. */
  protected leave({ host, port }: OriginAddress): void {
    for (const lane of [...this.#private]) {
      if (lane.place?.host === host && lane.place.port === port) lane.close(MOVED);
    }
  }

  /** The connections whose end Redis may not have told. */
  #watched(): Watched[] {
    if (!this.isOneServer) return [];
    const { timeout } = this.options;
    const patience = SHARED_PATIENCE * timeout;
    const shared = this.open.flatMap(({ connection, outstanding }) => {
      if (connection === null) return [];
      const upstreamId = this.#upstreamIds.get(connection) ?? null;
      return [{ connection, outstanding, upstreamId, patience, isShared: true }];
    });
    const own = Array.from(this.#private, ({ connection, outstanding, upstreamId }) => {
      return {
        connection,
        outstanding,
        upstreamId,
        patience: PRIVATE_PATIENCE * timeout,
        isShared: false,
      };
    });
    return [...shared, ...own];
  }

  /** Asks Redis over a new connection which of these it has; null if it does not say. */
  async #known(ids: readonly number[]): Promise<Known | null> {
    let list: Reply | undefined;
    const opening = { version: 2, name: "redis-proxy-probe", login: null } as const;
    const opened = await this.options.open(opening, async (connection) => {
      const words = ["CLIENT", "LIST", "ID", ...ids.map(String)];
      list = await connection.call(...words).catch(() => null);
    });
    if (opened instanceof Failure) return null;
    opened.close("its work is done");
    if (typeof list !== "string") return null;
    return new Map(
      Array.from((list as string).matchAll(/^id=(\d+) .* flags=(\w+)/gm), ([, id, flags]) => {
        return [Number(id), flags!.includes("b")];
      }),
    );
  }

  /** Opens a shared connection, and asks again about the server: it may be another one now. */
  async #openShared(opening: Opening, place?: OriginAddress): Promise<Connection | Failure> {
    let closedAt: Question | undefined;
    const prepare = async (connection: Connection) => {
      // Shows whether the server answers at all.
      await connection.call("PING").catch(() => null);
      for (const question of QUESTIONS) {
        if (connection.loss !== null) return;
        if (this.#closings.has(question)) continue;
        this.#learn(question, await connection.call(...question.split(" ")).catch(() => null));
        if (connection.loss === null) this.#closings.forget(question);
        else closedAt = question;
      }
      const id = await idOf(connection);
      if (id !== null) this.#upstreamIds.set(connection, id);
    };
    const opened = await this.options.open(opening, prepare, place);
    const isSilent = opened instanceof Failure && opened.reason === "timeout";
    if (closedAt === undefined || isSilent) return opened;
    this.#closings.note(closedAt);
    return await this.#openShared(opening, place);
  }

  /** Takes an answer. A server without COMMAND gets all commands over private lanes. */
  #learn(question: Question, reply: Reply): void {
    if (question === "COMMAND") {
      if (!Array.isArray(reply)) return;
      this.table = CommandTable.of(reply as CommandReply);
      this.options.onTable(this.table);
    } else {
      const bytes = Number(fieldOf(reply, "proto-max-bulk-len"));
      if (bytes > 0) this.options.onLongest?.(bytes);
    }
  }
}

/** Returns the id of a connection at Redis; null if Redis does not say. */
async function idOf(connection: Connection): Promise<number | null> {
  const id = await connection.call("CLIENT", "ID").catch(() => null);
  return typeof id === "number" ? id : null;
}
