/**
 * Reads from a cluster: each key from the master that owns its slot. Follows the cluster as it is
 * resharded, fails over and grows.
 *
 * @module
 */
import { isNotNow } from "../../core/redis_errors.ts";
import { slotOf, SLOTS } from "../../core/slot.ts";
import type { Failure, Flight, Key, Millis, Origin } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { ClusterFollower } from "../../origin/follower.ts";
import type { Identity } from "../../origin/greeting.ts";
import { failureOf, type Loss } from "../../origin/loss.ts";
import { Departures } from "./departures.ts";
import { Members } from "./members.ts";
import type { ClusterNode } from "./node.ts";
import type { NodeParts } from "./node_parts.ts";
import { type Guide, RoutedFlight } from "./redirected.ts";
import { Seeds } from "./seeds.ts";
import { nameOf, type Place, readRedirection } from "./slots_reply.ts";

/** Where to ask for the cluster, and how. */
export interface ClusterOptions {
  readonly seeds: readonly Place[];
  /** A node without its place. */
  readonly origin: OriginAddress;
  /** How long a request may be sent on. */
  readonly timeout: Millis;
}

/** How often a flight may be redirected. */
const HOPS = 5;

/** Pause before a request that a node cannot serve yet is sent again. */
const PAUSE: Millis = 20;

export class ClusterOrigin implements Origin, Guide {
  readonly members: Members;
  readonly #seeds: Seeds;
  readonly #departures = new Departures<ClusterNode>();
  #isClosed = false;
  /** Those who wait until the cluster is known. */
  #waiting: (() => void)[] = [];

  constructor(
    readonly options: ClusterOptions,
    follower: ClusterFollower,
    readonly parts: NodeParts,
  ) {
    this.members = new Members(options.origin, follower, parts);
    this.members.onUp = () => this.#wake();
    this.#seeds = new Seeds(options, this.members, parts.log);
    this.#seeds.onAsked = () => this.#wake();
  }

  /** What the log calls it. */
  get name(): string {
    return this.options.seeds.map(nameOf).join(",");
  }

  get nodes(): readonly ClusterNode[] {
    return this.members.all;
  }

  /** The nodes that own slots, in an order that lasts. */
  get owners(): readonly ClusterNode[] {
    return this.members.owners;
  }

  /** The number of slots of each node. */
  get counts(): ReadonlyMap<ClusterNode, number> {
    return this.members.map.counts;
  }

  /** Called when nodes have come or gone. */
  set onChange(onChange: () => void) {
    this.members.onChange = onChange;
  }

  /** Whether each slot has a node that is connected. */
  get isUp(): boolean {
    return this.members.map.missing === 0 &&
      this.owners.every(({ link }) => link.upstream !== null);
  }

  /** Why not all slots are served. */
  get loss(): Loss {
    const lost = this.owners.find(({ link }) => link.upstream === null);
    if (lost !== undefined) {
      const { loss } = lost.link;
      return { ...loss, message: `${lost.name}: ${loss.message}` };
    }
    const { missing } = this.members.map;
    if (missing === SLOTS || missing === 0) return this.#seeds.loss;
    return { reason: "unready", message: `CLUSTERDOWN ${missing} slots have no node` };
  }

  /** The version of the first node that told it. */
  get version(): string | null {
    return this.nodes.find(({ link }) => link.version !== null)?.link.version ?? null;
  }

  /** Asks the seeds for the cluster, and connects to its masters. */
  open(): void {
    this.#seeds.start();
  }

  close(): void {
    this.#isClosed = true;
    this.#seeds.stop();
    this.members.close();
    this.#wake();
  }

  /** The node of a slot; null while it is not known. */
  nodeOf(slot: number): ClusterNode | null {
    return this.members.map.of(slot);
  }

  /** The address of any master. */
  async find(): Promise<OriginAddress> {
    if (this.owners.length === 0) await this.#known();
    const [node] = this.owners;
    if (node === undefined) throw new Error(this.loss.message);
    return node.address;
  }

  /** Where an error of a node sends a request; null if nowhere. */
  redirection(message: string, { address }: { readonly address: OriginAddress }) {
    const found = readRedirection(message, address.host);
    if (found === null) return null;
    const { kind, slot, place } = found;
    return kind === "ASK"
      ? { isAsk: true, node: this.members.at(place) }
      : { isAsk: false, node: this.members.movedTo(slot, place) };
  }

  /** A node cannot serve a slot now: the cluster may be about to change. */
  refresh(): void {
    this.members.refresh();
  }

  hasRoom(): boolean {
    const { permits } = this.parts;
    return permits.waiting === 0 && permits.hasRoom && this.owners.length > 0;
  }

  async fence(): Promise<boolean> {
    const live = this.nodes.filter(({ link }) => link.upstream !== null);
    const fenced = await Promise.all(live.map((node) => node.fence()));
    return fenced.every(Boolean);
  }

  /** Authenticates all connections again. */
  async authenticate(identity: Identity): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.authenticate(identity)));
  }

  explain(key: Key, now: Millis): Readonly<Record<string, string>> {
    return this.nodeOf(slotOf(key))?.replicas?.explain(key, now) ?? {};
  }

  /** A client has written a key: replicas may not have it yet. */
  wrote(key: Key): void {
    this.nodeOf(slotOf(key))?.replicas?.wrote(key);
  }

  /** A client may have written any key. */
  wroteAll(): void {
    for (const { replicas } of this.nodes) replicas?.wroteAll();
  }

  read(flights: readonly Flight[]): void {
    const deadline = performance.now() + this.options.timeout;
    if (this.nodes.length > 0) this.#send(flights, deadline);
    else this.#known().then(() => this.#send(flights, deadline));
  }

  redirect(flight: RoutedFlight, failure: Failure, now: Millis): boolean {
    if (now > flight.deadline || this.#isClosed) return false;
    const redirection = readRedirection(failure.message, flight.host);
    if (redirection === null) {
      if (!isNotNow(failure.message)) return false;
      this.refresh();
      setTimeout(() => this.#sendOn(flight), PAUSE);
      return true;
    }
    if (flight.hops++ === HOPS) return false;
    const { kind, place } = redirection;
    flight.host = place.host;
    if (kind === "MOVED") {
      this.members.movedTo(flight.slot, place).read([flight]);
    } else {
      const node = this.members.at(place);
      node.link.up().then(() => node.ask(flight));
    }
    return true;
  }

  #send(flights: readonly Flight[], deadline: Millis): void {
    for (const flight of flights) {
      const routed = new RoutedFlight(flight, this, deadline);
      const node = this.nodeOf(routed.slot);
      if (node === null) {
        this.#sendLater(routed);
        continue;
      }
      routed.host = node.address.host;
      this.#departures.add(node, routed);
    }
    this.#departures.added();
  }

  #sendOn(flight: RoutedFlight): void {
    const node = this.nodeOf(flight.slot);
    if (node === null) return this.#sendLater(flight);
    flight.host = node.address.host;
    node.read([flight]);
  }

  /** No node is known for the slot: the cluster may be about to give it to one. */
  #sendLater(flight: RoutedFlight): void {
    const now = performance.now();
    if (now < flight.deadline && !this.#isClosed && this.nodes.length > 0) {
      setTimeout(() => this.#sendOn(flight), PAUSE);
    } else {
      flight.flight.settled(failureOf(this.loss), now);
    }
  }

  /** Resolves when the cluster is known, or cannot be found out. */
  #known(): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, this.options.timeout);
      this.#waiting.push(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
