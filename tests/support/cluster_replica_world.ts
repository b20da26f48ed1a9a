/**
 * A model of a proxy in front of a cluster whose replicas it reads: two masters with two replicas each
 * that lag, keys that move from one to the other, failovers, and clients that write and read. Each
 * event is one step, so a test decides which one overtakes which. An observer knows every version of
 * every key, and reports each violation.
 *
 * @module
 */
import { ClusterChannel } from "../../src/cache/cluster/cluster_channel.ts";
import { ClusterTable } from "../../src/cache/cluster/cluster_table.ts";
import { Life, Tenures } from "../../src/cache/cluster/tenures.ts";
import { Policies } from "../../src/cache/policy.ts";
import { ReadThrough } from "../../src/cache/read_through.ts";
import { slotOf } from "../../src/core/slot.ts";
import { Stats } from "../../src/core/stats.ts";
import { Failure, type Flight, Found, type Key, type Millis } from "../../src/core/types.ts";
import { Claim } from "../../src/topology/cluster/claim.ts";
import { RoutedFlight } from "../../src/topology/cluster/redirected.ts";
import { SlotMap } from "../../src/topology/cluster/slot_map.ts";
import { readRedirection } from "../../src/topology/cluster/slots_reply.ts";
import { Ahead } from "../../src/topology/replicas/ahead.ts";
import { Fence } from "../../src/topology/replicas/fence.ts";
import { type FencedOptions, FencedReads } from "../../src/topology/replicas/fenced_reads.ts";
import { POLICY } from "./coherence_world.ts";
import { Observer } from "./observer.ts";

export interface ClusterReplicaOptions {
  readonly fence?: typeof Fence;
  readonly ahead?: typeof Ahead;
  readonly reads?: typeof FencedReads;
  readonly claim?: typeof Claim;
  readonly tenures?: typeof Tenures;
  readonly provesAbsence?: boolean;
}

/** A change in the stream of a shard; null for a key that has left it. */
interface Change {
  readonly key: Key;
  readonly version: number | null;
}

class Server {
  /** How much of the stream it has applied. */
  applied = 0;
  /** Which shard has which key, as it believes. */
  view: Map<Key, Shard>;
  /** The connections over which it announces changes. */
  readonly wires = new Set<Wire>();

  constructor(readonly port: number, readonly shard: Shard, owners: Map<Key, Shard>) {
    this.view = new Map(owners);
  }

  get isMaster(): boolean {
    return this.shard.master === this;
  }

  versionOf(key: Key): number | null {
    const { stream } = this.shard;
    for (let at = this.applied; at > 0; at--) {
      if (stream[at - 1]!.key === key) return stream[at - 1]!.version;
    }
    return null;
  }

  apply(): void {
    if (this.applied === this.shard.stream.length) return;
    const { key } = this.shard.stream[this.applied++]!;
    for (const wire of this.wires) wire.announce(key);
  }
}

class Shard {
  readonly stream: Change[] = [];
  servers: Server[] = [];
  master!: Server;

  write(change: Change): void {
    this.stream.push(change);
    this.master.apply();
  }
}

/** A connection: requests that the server has not executed, and replies that have not come. */
class Wire {
  requests: (() => () => void)[] = [];
  replies: (() => void)[] = [];
  readonly tracked = new Set<Key>();
  readonly flying = new Set<Flight>();
  isOpen = true;

  constructor(readonly server: Server, readonly invalidate: (key: Key) => void) {
    server.wires.add(this);
  }

  announce(key: Key): void {
    if (this.tracked.delete(key)) this.replies.push(() => this.invalidate(key));
  }

  close(): void {
    this.isOpen = false;
    this.server.wires.delete(this);
    this.requests = [];
    this.replies = [];
  }

  execute(): void {
    const request = this.requests.shift();
    if (request !== undefined) this.replies.push(request());
  }

  reply(): void {
    this.replies.shift()?.();
  }
}

/** A master as the proxy knows it. */
class Node {
  life!: Life;
  master!: Wire;
  near: Wire | null = null;
  isProven = false;
  fence: Fence;
  readonly claim: Claim;
  readonly ahead: Ahead;
  readonly reads: FencedReads;
  readonly waiting: Flight[] = [];

  constructor(readonly server: Server, readonly world: ClusterReplicaWorld) {
    const { options } = world;
    this.fence = new (options.fence ?? Fence)();
    this.claim = new (options.claim ?? Claim)();
    this.ahead = new (options.ahead ?? Ahead)();
    const common = { fence: () => Promise.resolve(false), hasRoom: () => true };
    const fenced: FencedOptions = {
      ...{ lease: world.lease, stats: world.stats, clock: () => world.now },
      ...{ keepsAside: true, provesAbsence: options.provesAbsence ?? false },
      atEndOfTurn: (run) => run(),
    };
    this.reads = new (options.reads ?? FencedReads)(
      // Some wait for a permit first.
      { ...common, read: (flights) => this.waiting.push(...flights) },
      { ...common, read: (flights) => flights.forEach((one) => world.send(this.master, one)) },
      this,
      () => Promise.resolve(false),
      fenced,
    );
    this.connect();
  }

  get place(): "replica" | null {
    return this.near !== null && this.isProven ? "replica" : null;
  }

  hurry(): void {}

  rightAt(key: Key): Millis {
    const slot = slotOf(key);
    return this.claim.rightAt(slot, this.fence.provenAt, this.world.map.since(slot));
  }

  connect(): void {
    const { world } = this;
    this.master = new Wire(this.server, (key) => world.table.invalidate(key));
    this.life = new Life(`${this.server.port}`);
    world.channel.began(this.life);
    world.tenures.witnessed(this.life);
    this.claim.reset();
    this.claim.isWitnessed = true;
  }

  /** The connection to the master is lost, and there is a new one. */
  lost(): void {
    const { world } = this;
    world.tenures.endAll(this.life, world.now);
    world.channel.ended(this.life, world.now);
    world.map.gone(this);
    const flights = [...this.master.flying];
    this.master.close();
    this.connect();
    if (this.isProven) world.tenures.caughtUp(this.life, -Infinity);
    this.fence.reset();
    for (const flight of flights) {
      world.observer.sentOn(flight.key);
      world.send(this.master, flight);
    }
  }

  /** Another replica is read, or the same one over a new connection. */
  turnTo(server: Server | null): void {
    const { world, near } = this;
    if (near !== null) {
      this.near = null;
      if (this.isProven) world.tenures.leftReplica(this.life, world.now);
      this.isProven = false;
      this.fence = new (world.options.fence ?? Fence)();
      near.close();
      const lost = new Failure("away", "the replica is lost");
      for (const flight of [...this.waiting.splice(0), ...near.flying]) {
        flight.settled(lost, world.now);
      }
    }
    if (server === null) return;
    this.near = new Wire(server, (key) => world.table.invalidate(key));
  }
}

export class ClusterReplicaWorld {
  now: Millis = 1000;
  readonly lease: Millis = 100;
  readonly keys: readonly Key[] = ["a", "b", "c", "d"];
  readonly stats = new Stats();
  readonly tenures: Tenures;
  readonly channel: ClusterChannel;
  readonly table: ClusterTable;
  readonly cache: ReadThrough;
  readonly observer: Observer;
  readonly map = new SlotMap<Node>(() => this.now);
  readonly shards = [new Shard(), new Shard()];
  /** Which shard has which key. */
  readonly owners = new Map<Key, Shard>();
  /** Keys that are moving, and where to. */
  readonly moving = new Map<Key, Shard>();
  /** Reads on their way to where a key is moving: Redis itself would answer one that is too late. */
  readonly #asking = new Set<Flight>();
  readonly #nodes = new Map<Server, Node>();
  readonly #lane: (() => () => void)[] = [];
  readonly #replies: (() => void)[] = [];
  readonly #writing = new Set<number>();
  #version = 0;

  constructor(readonly options: ClusterReplicaOptions = {}) {
    const { lease } = this;
    this.tenures = new (options.tenures ?? Tenures)(lease);
    this.channel = new ClusterChannel({ mode: "auto", lease }, this.tenures);
    const bounds = { entries: 1000, bytes: 1e7 };
    this.table = new ClusterTable(this.channel, new Policies(POLICY), this.stats, bounds);
    this.observer = new Observer(lease, () => this.now);
    for (const [at, key] of this.keys.entries()) this.owners.set(key, this.shards[at % 2]!);
    let port = 1;
    for (const shard of this.shards) {
      shard.servers = [0, 1, 2].map(() => new Server(port++, shard, this.owners));
      shard.master = shard.servers[0]!;
    }
    this.cache = new ReadThrough(
      {
        fence: () => Promise.resolve(false),
        hasRoom: () => true,
        read: (flights) => flights.forEach((one) => this.#route(new RoutedFlight(one, this, 0))),
      },
      this.table,
      this.stats,
      { clock: () => this.now, atEndOfTurn: (run) => run() },
    );
    for (const key of this.keys) this.write(key);
    for (const shard of this.shards) this.node(shard.master).turnTo(shard.servers[1]!);
    for (const key of this.keys) {
      this.map.moved(slotOf(key), this.node(this.owners.get(key)!.master));
    }
  }

  /** The nodes that the proxy knows. */
  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  node(server: Server): Node {
    const known = this.#nodes.get(server);
    if (known !== undefined) return known;
    const node = new Node(server, this);
    this.#nodes.set(server, node);
    return node;
  }

  /** Another program writes at the owner. */
  write(key: Key): void {
    const shard = this.owners.get(key)!;
    const to = this.moving.get(key);
    const isThere = to !== undefined && shard.master.versionOf(key) === null;
    const version = ++this.#version;
    (isThere ? to : shard).write({ key, version });
    this.observer.written(key, version);
  }

  /** A client writes through the proxy, and waits for the reply. */
  writeThrough(client: number, key: Key): void {
    if (this.#writing.has(client)) return;
    this.#writing.add(client);
    this.#lane.push(() => {
      this.write(key);
      const version = this.#version;
      return () => {
        this.table.invalidate(key);
        const node = this.map.of(slotOf(key));
        if (node?.near) node.ahead.note(key, this.now);
        this.observer.knows(client, key, version);
        this.#writing.delete(client);
      };
    });
  }

  /** A client reads, unless its command is in flight: then the read would take the same way. */
  read(client: number, key: Key, mustBeCurrent = false): void {
    if (!this.#writing.has(client)) this.observer.read(this.cache, client, key, mustBeCurrent);
  }

  /** A key begins to move to the other shard, or is moved, or is the other's for good. */
  move(key: Key): void {
    if (this.#asking.values().some((flight) => flight.key === key)) return;
    const shard = this.owners.get(key)!;
    const to = this.moving.get(key);
    if (to === undefined) {
      this.moving.set(key, this.shards.find((one) => one !== shard)!);
    } else if (shard.master.versionOf(key) !== null) {
      const version = shard.master.versionOf(key)!;
      to.write({ key, version });
      shard.write({ key, version: null });
    } else {
      this.owners.set(key, to);
      this.moving.delete(key);
      // Its replicas hear of it later.
      for (const { master } of this.shards) master.view.set(key, to);
    }
  }

  /** The other shard takes a key with its slot; the one that had it keeps a copy. */
  seize(key: Key): void {
    const shard = this.owners.get(key)!;
    const to = this.shards.find((one) => one !== shard)!;
    to.write({ key, version: shard.master.versionOf(key) });
    this.owners.set(key, to);
    for (const { master } of this.shards) master.view.set(key, to);
  }

  /** A replica hears which shard has which key. */
  gossip(server: Server): void {
    server.view = new Map(this.owners);
  }

  /** A replica that has everything becomes the master. */
  failOver(shard: Shard, server: Server): void {
    if (server.isMaster) return;
    while (server.applied < shard.stream.length) server.apply();
    const old = shard.master;
    shard.master = server;
    server.view = new Map(this.owners);
    // The probes notice.
    for (const node of this.nodes) {
      if (node.server === old) node.turnTo(null);
      if (node.near?.server === server) node.turnTo(null);
    }
  }

  /** The proxy asks a master for its slots and its offset, and its replica whether it has reached it. */
  prove(node: Node): void {
    const sentAt = this.now;
    const { master, near, life } = node;
    const isPresent = () => node.life === life && node.near === near;
    master.requests.push(() => {
      const { isMaster, applied, view, shard } = master.server;
      const mine = this.keys.filter((key) => view.get(key) === shard).map(slotOf);
      return () => {
        if (node.life !== life) return;
        if (!isMaster) return node.lost();
        this.#viewed(node, mine, sentAt);
        if (near === null || !isPresent()) return;
        node.fence.asked(applied, sentAt);
        near.requests.push(() => {
          const reached = near.server.applied;
          return () => {
            if (!isPresent()) return;
            node.fence.applied(reached);
            const { provenAt } = node.fence;
            node.ahead.reached(provenAt);
            // What the replica has applied, it has announced before it answers the next question.
            near.requests.push(() => () => {
              if (!isPresent() || provenAt === -Infinity) return;
              node.isProven = true;
              this.tenures.caughtUp(life, provenAt);
            });
          };
        });
      };
    });
  }

  /** All that is under way arrives. Replicas apply nothing more. */
  settle(): void {
    for (let round = 0; round < 20; round++) {
      for (const kind of ["execute", "reply"] as const) {
        this.stepLane(kind);
        for (const node of this.nodes) {
          this.admit(node);
          for (const wire of [node.near, node.master]) this.step(wire, kind);
        }
      }
    }
  }

  /** The next step of a connection. */
  step(wire: Wire | null, kind: "execute" | "reply"): void {
    wire?.[kind]();
    this.observer.look();
  }

  /** The next step of the clients' commands. */
  stepLane(kind: "execute" | "reply"): void {
    if (kind === "reply") this.#replies.shift()?.();
    else {
      const request = this.#lane.shift();
      if (request !== undefined) this.#replies.push(request());
    }
  }

  /** A flight gets a permit. */
  admit(node: Node): void {
    if (node.near === null) return;
    const flight = node.waiting.shift();
    if (flight !== undefined) this.send(node.near, flight);
  }

  redirect(flight: RoutedFlight, { message }: Failure): boolean {
    const found = readRedirection(message, "h");
    if (found === null) return false;
    this.observer.sentOn(flight.key);
    const node = this.node(this.#serverAt(found.place.port));
    if (found.kind === "ASK") this.send(node.master, flight, true);
    else {
      this.movedTo(found.slot, node);
      node.reads.read([flight]);
    }
    return true;
  }

  /** A read or a command was redirected. */
  movedTo(slot: number, node: Node): void {
    if (this.map.of(slot) !== node) this.tenures.end(slot, this.now);
    this.map.moved(slot, node);
  }

  send(wire: Wire, flight: Flight, isAsking = false): void {
    flight.sent(this.now);
    if (!isAsking) this.#asking.delete(flight);
    wire.flying.add(flight);
    wire.requests.push(() => {
      this.#asking.delete(flight);
      const fetched = this.#fetch(wire, flight, isAsking);
      return () => {
        if (!wire.flying.delete(flight)) return;
        flight.settled(fetched, this.now, isAsking ? false : undefined);
      };
    });
  }

  #route(flight: RoutedFlight): void {
    this.map.of(flight.slot)!.reads.read([flight]);
  }

  #fetch({ server, tracked }: Wire, flight: Flight, isAsking: boolean): Found | Failure | null {
    const { key } = flight;
    const { shard, isMaster } = server;
    const owner = server.view.get(key)!;
    const isReadOnly = !this.#nodes.has(server) ||
      this.#nodes.get(server)!.master.tracked !== tracked;
    const isImporting = isAsking && this.moving.get(key) === shard;
    if ((owner !== shard && !isImporting) || (!isMaster && !isReadOnly)) {
      return new Failure("reply", `MOVED ${slotOf(key)} h:${owner.master.port}`);
    }
    const version = server.versionOf(key);
    const to = this.moving.get(key);
    if (version === null && isMaster && to !== undefined && to !== shard) {
      this.#asking.add(flight);
      return new Failure("reply", `ASK ${slotOf(key)} h:${to.master.port}`);
    }
    tracked.add(key);
    return version === null ? null : new Found(new TextEncoder().encode(`${version}`));
  }

  #viewed(node: Node, slots: readonly number[], sentAt: Millis): void {
    const ranges = slots.map((slot) => ({
      ...{ first: slot, last: slot, place: { host: "h", port: node.server.port } },
      ...{ id: "", isNamed: true },
    }));
    const owned = this.map.viewed(node, ranges);
    node.claim.viewed(owned, sentAt);
    node.claim.answered(sentAt);
    this.tenures.viewed(node.life, owned, sentAt, this.now);
    for (const side of ["data", "invalidation"] as const) {
      this.tenures.answered(node.life, side, sentAt);
    }
  }

  #serverAt(port: number): Server {
    return this.shards.flatMap(({ servers }) => servers).find((one) => one.port === port)!;
  }
}
