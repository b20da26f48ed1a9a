/**
 * The lanes into a cluster: a shared lane for each master, and private lanes to the master of what
 * their client asks for.
 *
 * @module
 */
import type { Route } from "../../commands/route.ts";
import type { CommandSpec, Words } from "../../commands/spec.ts";
import { Later } from "../../core/later.ts";
import { slotOf } from "../../core/slot.ts";
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import { SUBSCRIPTIONS } from "../connection_state.ts";
import { Lanes, type LanesOptions } from "../mod.ts";
import type { Passable } from "../passable.ts";
import type { PrivateLane } from "../private_lane.ts";
import { anybody, type Passed, type Passing, type Sender } from "../passing.ts";
import type { SharedLane } from "../shared_lane.ts";
import { RoutedBatch, slotIn } from "./batch.ts";
import { Batches } from "./batches.ts";
import { CLIENT_COMMANDS, idAt, uniqueId } from "./clients.ts";
import { Dispatch, type Send } from "./dispatch.ts";
import { subscriptionIn } from "./event_channels.ts";
import { KeyspaceEvents } from "./events.ts";
import { FollowedSlots } from "./followed_slots.ts";
import { HeldUp } from "./held_up.ts";
import { type Attempt, isMoving, travel, type Traveller } from "./journey.ts";
import { NodeLanes } from "./node_lanes.ts";
import { isSplit, isSpread, slotsIn, slotsOf } from "./plan.ts";
import { quiet } from "./quiet.ts";
import { requestsIn, wordAt } from "./requests.ts";
import type { RoutedNode, Router } from "./router.ts";
import { passWait } from "./wait.ts";

/** The connections that take keyspace notifications. */
const EVENTS = { version: 3, name: "redis-proxy-events", login: null } as const;

export class ClusterLanes extends Lanes {
  readonly #nodes: NodeLanes;
  readonly #events: KeyspaceEvents;
  readonly #batches: Batches;
  readonly #heldUp = new HeldUp();
  readonly router: Router;

  /** @param timeout How long a request may be sent on. */
  constructor(options: LanesOptions, router: Router, readonly timeout: Millis) {
    super(options);
    const connectionsTo = (node: RoutedNode) => this.#nodes.connectionsTo(node);
    this.router = new FollowedSlots(router, this.#heldUp, connectionsTo);
    this.#nodes = new NodeLanes((kind, version, address) =>
      this.sharedLanes.make(
        kind,
        version,
        address,
        (passing, passed) => this.#redirected(passing, passed, kind, version, address),
      )
    );
    this.#batches = new Batches(
      this.router,
      this.#heldUp,
      (node, version) => this.#nodes.shared(node, version),
      (request, slot, route, version, sender, order, first) => {
        const traveller = this.#traveller(request, route, version, 1, sender, order);
        return travel(traveller, request, slot, null, first);
      },
      this.sharedLanes.budget,
    );
    this.#events = new KeyspaceEvents(
      ({ address }) => options.open(EVENTS, () => Promise.resolve(), address),
      options.timeout,
    );
  }

  /** The lane of commands without keys, and of the table of commands. */
  override shared(route: Route, version: 2 | 3): SharedLane {
    const [node] = this.router.owners;
    return node === undefined ? super.shared(route, version) : this.#nodes.to(node, route, version);
  }

  override pass(
    request: Passable,
    route: Route,
    version: 2 | 3,
    replies: number,
    sender: Sender,
  ): Later<Passed> {
    if (request.parts !== null) return this.#batches.pass(request, route, version, sender);
    const routed = replies === 1 ? this.#passToOwner(request, route, version, sender) : null;
    if (routed !== null) return routed;
    const result = new Later<Passed>();
    const traveller = this.#traveller(request, route, version, replies, sender);
    const send: Send = (one, slot, node) => travel(traveller, one, slot, node ?? null);
    const passing = request.name === "wait"
      ? passWait(request, sender, this.router.owners, this.#nodes, () => result.isAbandoned, send)
      : new Dispatch(this.router, this.table, send).run(request, version);
    passing.then((passed) => {
      sender.onDone();
      result.settle(passed);
    });
    return result;
  }

  /** Most commands have one key. They go to its owner at once, and only a redirection costs more. */
  #passToOwner(
    request: Passable,
    route: Route,
    version: 2 | 3,
    sender: Sender,
  ): Later<Passed> | null {
    const keyAt = request.spec?.keyAt ?? 0;
    if (keyAt === 0 || request.rewrite !== null) return null;
    const { keys } = request.written;
    const key = keys.length === 1 ? keys[0]! : wordAt(request.bytes, keyAt);
    const slot = slotOf(key);
    const node = this.router.nodeOf(slot);
    if (node === null || this.#heldUp.has(sender, slot)) return null;
    if (changes(request)) sender.wrote?.(node.name);
    const lane = route === "control"
      ? this.#nodes.to(node, route, version)
      : this.#nodes.shared(node, version);
    return lane.route(request, sender, this.#heldUp.number());
  }

  /** A request was sent to the owner of its key, which is another node now, or cannot serve it. */
  #redirected(
    passing: Passing,
    passed: Passed,
    route: Route,
    version: 2 | 3,
    address: OriginAddress,
  ): boolean {
    if (!isMoving(passed)) return false;
    passing.isRouted = false;
    const { request, sender, connection, order } = passing;
    const slot = slotOf(wordAt(request.bytes, request.spec!.keyAt));
    const node = this.#nodes.at(address);
    const first: Attempt | null = node === undefined ? null : { node, connection, passed };
    const traveller = this.#traveller(request, route, version, 1, sender, order);
    travel(traveller, request, slot, null, first).then((result) => passing.finish(result));
    return true;
  }

  #traveller(
    request: Passable,
    route: Route,
    version: 2 | 3,
    replies: number,
    sender: Sender,
    order = this.#heldUp.number(),
  ): Traveller {
    return {
      router: this.router,
      sender: quiet(sender),
      replies,
      deadline: performance.now() + this.timeout,
      heldUp: this.#heldUp,
      order,
      laneTo: (node) => {
        if (changes(request)) sender.wrote?.(node.name);
        return this.#nodes.to(node, route, version);
      },
    };
  }

  /** The masters have changed: ends the connections to nodes that own nothing any more. */
  leaveAllBut(owners: ReadonlySet<string>): void {
    this.#events.follow(this.router.owners);
    for (const { address } of this.#nodes.leaveAllBut(owners)) this.leave(address);
  }

  /** WAIT takes no connection of its own: its client may have written to several masters. */
  override routeOf(spec: CommandSpec | undefined, words: Words): Route {
    return spec?.name === "wait" ? "shared" : super.routeOf(spec, words);
  }

  override ask(request: Passable, version: 2 | 3): Later<Passed> {
    return this.pass(request, "control", version, 1, anybody());
  }

  override uniqueId(id: number, place?: OriginAddress): number {
    const node = this.#nodeAt(place);
    return node === undefined ? id : uniqueId(id, node);
  }

  override idAt(unique: string, place?: OriginAddress): string {
    const node = this.#nodeAt(place) ?? this.router.owners[0];
    return (node === undefined ? null : idAt(unique, node)) ?? unique;
  }

  override suits({ place }: PrivateLane, request: Passable): boolean {
    const slot = this.#slotOfRequest(request);
    return slot === null || this.#isAt(slot, place);
  }

  override concernsOnly(
    { place }: PrivateLane,
    spec: CommandSpec | undefined,
    words: Words,
  ): boolean {
    if (spec === undefined) return true; // Redis knows the error.
    if (isSpread(spec.name) || CLIENT_COMMANDS.has(spec.name)) return false;
    const [slot, ...others] = new Set(slotsIn(spec, words));
    return slot === undefined || (others.length === 0 && this.#isAt(slot, place));
  }

  override hasPlace(request: Passable): boolean {
    return this.#slotOfRequest(request) !== null;
  }

  /** Keyspace notifications come from all masters. Rights of other users are those at one master. */
  override prepare({ name, bytes }: Passable, lane: PrivateLane): Promise<void> | undefined {
    if (!SUBSCRIPTIONS.has(name) || lane.client.login != null || lane.mayBeInTransaction) return;
    const subscription = subscriptionIn(requestsIn(bytes)[0]!);
    return subscription === null
      ? undefined
      : this.#events.change(lane, subscription, this.router.owners);
  }

  override close(): void {
    super.close();
    this.#batches.close();
    this.#events.close();
  }

  override mayStream(spec: CommandSpec | undefined): boolean {
    return spec === undefined || !(isSplit(spec.name) || isSpread(spec.name));
  }

  /** Its connection would be replaced with each key of another node. */
  override get mayPin(): boolean {
    return false;
  }

  override batchOf(first: Passable, words: Words): RoutedBatch | null {
    if (!RoutedBatch.mayBegin(first)) return null;
    const slot = slotIn(first.spec!, words, first.written.keys);
    return slot === null ? null : new RoutedBatch(first, slot);
  }

  override get knowsSlots(): boolean {
    return true;
  }

  override slotOf(spec: CommandSpec | undefined, words: Words): number | null {
    if (spec === undefined) return null;
    const all = Array.from({ length: words.count }, (_, at) => words.string(at));
    return slotsOf(spec, all)[0] ?? null;
  }

  protected override placeOf(request?: Passable): OriginAddress | undefined {
    const slot = request === undefined ? null : this.#slotOfRequest(request);
    const node = slot === null ? null : this.router.nodeOf(slot);
    const found = node ?? this.router.owners[0];
    if (found !== undefined) this.#nodes.know(found);
    return found?.address;
  }

  protected override get isOneServer(): boolean {
    return false;
  }

  protected override get open(): SharedLane[] {
    return [...super.open, ...this.#nodes.all];
  }

  /** Whether a slot is served at this place, as far as is known. */
  #isAt(slot: number, place: OriginAddress | undefined): boolean {
    const { address } = this.router.nodeOf(slot) ?? {};
    return address === undefined || place === undefined ||
      (address.host === place.host && address.port === place.port);
  }

  #nodeAt(place: OriginAddress | undefined): RoutedNode | undefined {
    return place === undefined ? undefined : this.#nodes.at(place);
  }

  /** The slot of a request's keys; null without keys. */
  #slotOfRequest({ spec, bytes, slot }: Passable): number | null {
    if (slot !== null || spec === undefined || bytes.length === 0) return slot;
    return slotsOf(spec, requestsIn(bytes)[0]!)[0] ?? null;
  }
}

/** Whether a request may change something at the node that it goes to. */
function changes({ written }: Passable): boolean {
  return written.keys.length > 0 || written.beyond !== "nothing";
}
