/**
 * The lanes: the ways to Redis for commands that the cache does not answer. This module has what
 * all clients share: the table of commands, the shared connections, and the private ones.
 *
 * @module
 */
import { type Route, routeOf } from "../commands/route.ts";
import { CommandTable } from "../commands/table.ts";
import type { CommandSpec, Words } from "../commands/spec.ts";
import type { Later } from "../core/later.ts";
import type { Failure } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import { Batch } from "./batch.ts";
import { ClientIds } from "./client_ids.ts";
import type { ClientFields } from "./client_line.ts";
import { HalfOpenWatch } from "./half_open.ts";
import type { LaneClient } from "./lane_client.ts";
import type { LongRequests } from "./long_requests.ts";
import { knownIds, needsPassword } from "./one_question.ts";
import type { LanesOptions } from "./options.ts";
import type { Passable } from "./passable.ts";
import { PlainCommands } from "./plain_commands.ts";
import type { PrivateLane } from "./private_lane.ts";
import { PrivateLanes } from "./private_lanes.ts";
import type { Passed, Sender } from "./passing.ts";
import type { SharedLane } from "./shared_lane.ts";
import { SharedLanes } from "./shared_lanes.ts";
import { watched } from "./watched.ts";

export type { LanesOptions, LaneStats, Opening } from "./options.ts";

export class Lanes {
  /** The commands of the server, once they are known. */
  table = new CommandTable();
  /** The fields of a client's line in CLIENT LIST, once they are known. */
  clientFields: ClientFields | undefined;
  /** The clients by their ids. */
  readonly ids: ClientIds;
  /** The shared lanes of all clients. */
  protected readonly sharedLanes: SharedLanes;
  /** The private lanes of all clients. */
  readonly #private: PrivateLanes;
  readonly #plain = new PlainCommands((spec) => this.allows(spec, spec.name));
  readonly #watch: HalfOpenWatch;

  constructor(readonly options: LanesOptions) {
    this.ids = options.ids ?? new ClientIds();
    this.sharedLanes = new SharedLanes(options, {
      onTable: (table) => {
        this.table = table;
        options.onTable(table);
      },
      onFields: (fields) => this.clientFields = fields,
    });
    this.#private = new PrivateLanes(options);
    this.#watch = new HalfOpenWatch(
      () => {
        this.#private.look();
        const { timeout } = options;
        return watched(this.open, this.#private.all, this.sharedLanes.ids, timeout);
      },
      (ids, place) => knownIds(options.open, ids, place),
      options.timeout,
      () => this.#private.renew("another connection was lost"),
    );
  }

  /** Requests that are better sent over a private connection. */
  get long(): LongRequests {
    return this.sharedLanes.long;
  }

  /** Whether one more private connection may be opened. */
  get hasRoom(): boolean {
    return this.#private.hasRoom;
  }

  /**
   * Returns the specification of a command by the name that a client wrote, if it may pass and
   * always takes the shared lane.
   */
  plain(name: string): CommandSpec | undefined {
    return this.#plain.find(this.table, name);
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
    return this.sharedLanes.of(route === "control" ? "control" : "shared", version);
  }

  /** The shared lanes that are in use. */
  protected get open(): SharedLane[] {
    return this.sharedLanes.all;
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

  /**
   * Sends a request that changes nothing and does not depend on other requests. It waits for no slow
   * command.
   */
  ask(request: Passable, version: 2 | 3): Later<Passed> {
    return this.shared("control", version).pass(request);
  }

  /** The id of a connection at Redis, unique among those at all places. */
  uniqueId(id: number, _place?: OriginAddress): number {
    return id;
  }

  /** The id at a place of the connection with this unique id. */
  idAt(unique: string, _place?: OriginAddress): string {
    return unique;
  }

  /** The route of a command, for a client without state. */
  routeOf(spec: CommandSpec | undefined, words: Words): Route {
    return routeOf(spec, words);
  }

  /** Whether a request of this command may pass as it arrives, before all of its words are known. */
  mayStream(_spec: CommandSpec | undefined): boolean {
    return true;
  }

  /** Whether a client with long replies keeps to a connection of its own. */
  get mayPin(): boolean {
    return true;
  }

  /** Begins a batch with a request of these words; null if no other command may join it. */
  batchOf(first: Passable, _words: Words): Batch | null {
    return Batch.mayBegin(first) ? new Batch(first) : null;
  }

  /** Whether Redis has slots. */
  get knowsSlots(): boolean {
    return false;
  }

  /** The slot of a command's keys in a cluster; null without a cluster or keys. */
  slotOf(_spec: CommandSpec | undefined, _words: Words): number | null {
    return null;
  }

  /** Whether a private lane leads to where this request has to go. */
  suits(_lane: PrivateLane, _request: Passable): boolean {
    return true;
  }

  /** Whether a command concerns nothing beyond the place that a private lane leads to. */
  concernsOnly(_lane: PrivateLane, _spec: CommandSpec | undefined, _words: Words): boolean {
    return true;
  }

  /** Whether the keys of a request say where it has to go. */
  hasPlace(_request: Passable): boolean {
    return false;
  }

  /** Opens a private lane for a client, and for this request. */
  openPrivate(
    client: LaneClient,
    request?: Passable,
  ): PrivateLane | Failure | Promise<PrivateLane | Failure> {
    return this.#private.open(client, this.placeOf(request));
  }

  /** What has to be done before a request goes over a private lane; undefined for nothing. */
  prepare(_request: Passable, _lane: PrivateLane): Promise<void> | undefined {
    return undefined;
  }

  /** Prepares for clients with this version of the protocol, which may need private lanes. */
  expect(version: 2 | 3): void {
    if (this.isOneServer) this.#private.expect(version);
  }

  /** The number of shared connections. */
  get sharedConnections(): number {
    return this.open.reduce((sum, { connections }) => sum + connections.length, 0);
  }

  /**
   * Redis is somewhere else now: later commands go there. Clients with a connection of their own are
   * disconnected, as Redis does at a failover.
   */
  move(why: string): void {
    for (const lane of this.open) lane.move();
    this.#private.move(why);
  }

  /** Other lanes take their place: clients with a connection of their own are disconnected. */
  retire(): void {
    this.#private.retire();
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
    const results = await Promise.allSettled([...told, ...this.#private.authenticate(words)]);
    const failures = results.filter((one) => one.status === "rejected");
    if (failures.length > 0) throw failures[0]!.reason;
  }

  /** Ends all shared connections. */
  close(): void {
    this.#watch.stop();
    for (const lane of this.open) lane.close();
    this.#private.close();
  }

  /** Whether all connections lead to one server, so that some can be ready before they are needed. */
  protected get isOneServer(): boolean {
    return true;
  }

  /** Where a request has to go; undefined if there is only one place. */
  protected placeOf(_request?: Passable): OriginAddress | undefined {
    return undefined;
  }

  /** Ends the private connections to a place. */
  protected leave(place: OriginAddress): void {
    this.#private.leave(place);
  }

  /** Whether Redis answers nothing without a password; false also if it does not say. */
  needsPassword(): Promise<boolean> {
    return needsPassword(this.options.open, this.placeOf());
  }
}
