/**
 * A model of a proxy that reads from replicas: a master with its stream of writes, replicas that lag,
 * and clients that write and read. Each event is one step, so a test decides which one overtakes
 * which. An observer knows every value that every key ever had, and reports each violation.
 *
 * @module
 */
import { Channel, type ChannelOptions } from "../../src/cache/channel.ts";
import { Policies } from "../../src/cache/policy.ts";
import { ReadThrough } from "../../src/cache/read_through.ts";
import { Table } from "../../src/cache/table.ts";
import { Stats } from "../../src/core/stats.ts";
import { type Flight, Found, type Key, type Millis, type Origin } from "../../src/core/types.ts";
import { Ahead } from "../../src/topology/replicas/ahead.ts";
import { Fence } from "../../src/topology/replicas/fence.ts";
import { FencedReads } from "../../src/topology/replicas/fenced_reads.ts";
import { POLICY } from "./coherence_world.ts";
import { Observer } from "./observer.ts";

export interface ReplicaWorldOptions {
  readonly fence?: typeof Fence;
  readonly ahead?: typeof Ahead;
  readonly reads?: typeof FencedReads;
  readonly channel?: new (options: ChannelOptions) => Channel;
}

/** A write in the stream of the master. Its place in the stream is its version. */
interface Write {
  readonly key: Key;
}

/** A server: how many writes of the stream it has applied. */
interface Server {
  applied: number;
}

/** A connection: requests that the server has not executed, and replies that have not come. */
interface Wire {
  requests: ((server: Server) => () => void)[];
  replies: (() => void)[];
}

const LEASE: Millis = 100;

export class ReplicaWorld {
  now: Millis = 1000;
  place: "replica" | "master" = "replica";
  readonly keys: readonly Key[] = ["a", "b", "c", "d"];
  readonly observer = new Observer(LEASE, () => this.now);
  readonly stats = new Stats();
  readonly channel: Channel;
  readonly table: Table;
  readonly ahead: Ahead;
  readonly fence: Fence;
  readonly cache: ReadThrough;
  readonly #stream: Write[] = [];
  readonly #replicas: Server[] = [{ applied: 0 }, { applied: 0 }];
  #at = 0;
  /** The connection to the server that is read, whose changes are announced. */
  #near: Wire = { requests: [], replies: [] };
  /** The one to the master, and that of the clients' commands. */
  readonly #master: Wire = { requests: [], replies: [] };
  readonly #lane: Wire = { requests: [], replies: [] };
  #tracked = new Set<Key>();
  /** Flights that are sent and not answered, over the near connection. */
  #flying = new Set<Flight>();
  readonly #writing = new Set<number>();

  constructor(options: ReplicaWorldOptions = {}) {
    this.channel = new (options.channel ?? Channel)({
      ...{ mode: "auto", lease: LEASE, isWitnessed: true },
    });
    this.table = new Table(this.channel, new Policies(POLICY), this.stats, {
      ...{ entries: 1000, bytes: 1e7 },
    });
    this.fence = new (options.fence ?? Fence)();
    this.ahead = new (options.ahead ?? Ahead)();
    const reads = new (options.reads ?? FencedReads)(
      this.#origin(() => this.#near, true),
      this.#origin(() => this.#master, false),
      this,
      () => Promise.resolve(false),
      { lease: LEASE, stats: this.stats, clock: () => this.now, atEndOfTurn: (run) => run() },
    );
    this.cache = new ReadThrough(reads, this.table, this.stats, {
      clock: () => this.now,
      atEndOfTurn: (run) => run(),
    });
    this.#connect();
  }

  /** Proofs come at intervals. */
  hurry(): void {}

  /** Another program writes straight to the master. */
  write(key: Key): void {
    this.#stream.push({ key });
    this.observer.written(key, this.#stream.length);
    if (this.place === "master") this.#announce(key);
  }

  /** A client writes through the proxy, and waits for the reply. */
  writeThrough(client: number, key: Key): void {
    if (this.#writing.has(client)) return;
    this.#writing.add(client);
    this.#lane.requests.push(() => {
      this.write(key);
      const version = this.#stream.length;
      return () => {
        this.table.invalidate(key);
        this.ahead.note(key, this.now);
        this.observer.knows(client, key, version);
        this.#writing.delete(client);
      };
    });
  }

  /** A client reads, unless its command is in flight: then the read would take the same way. */
  read(client: number, key: Key, mustBeCurrent = false): void {
    if (!this.#writing.has(client)) this.observer.read(this.cache, client, key, mustBeCurrent);
  }

  /** A replica applies the next writes of the stream. */
  replicate(replica: number): void {
    const server = this.#replicas[replica]!;
    if (server.applied === this.#stream.length) return;
    const { key } = this.#stream[server.applied++]!;
    if (this.place === "replica" && replica === this.#at) this.#announce(key);
  }

  /** The proxy asks the master and then the replica how far they are. */
  prove(): void {
    const sentAt = this.now;
    if (this.place === "master") return this.#probe(sentAt);
    const near = this.#near;
    this.#master.requests.push(({ applied: offset }) => () => {
      if (near !== this.#near) return;
      this.fence.asked(offset, sentAt);
      near.requests.push(({ applied }) => () => {
        if (near !== this.#near) return;
        this.fence.applied(applied);
        this.ahead.reached(this.fence.provenAt);
        this.channel.witnessed(this.fence.provenAt);
      });
      this.#probe(this.now);
    });
  }

  /** A server executes the next request of a connection. */
  execute(wire: "near" | "master" | "lane"): void {
    const { requests, replies } = this.#wires[wire];
    const server = wire === "near" && this.place === "replica"
      ? this.#replicas[this.#at]!
      : { applied: this.#stream.length };
    const request = requests.shift();
    if (request !== undefined) replies.push(request(server));
  }

  /** The proxy receives the next reply. */
  reply(wire: "near" | "master" | "lane"): void {
    this.#wires[wire].replies.shift()?.();
    this.observer.look();
  }

  /** The proxy loses its connection, and reads from another server, perhaps one that is behind. */
  move(place: "replica" | "master", replica: number): void {
    this.channel.down(this.now);
    this.place = place;
    this.#at = replica;
    this.#connect();
  }

  #connect(): void {
    const repeated = [...this.#flying];
    this.#flying.clear();
    this.#near = { requests: [], replies: [] };
    this.#tracked.clear();
    this.fence.reset();
    this.channel.up(true, this.now);
    if (this.place === "master") this.channel.witnessed(Infinity);
    for (const flight of repeated) this.#send(this.#near, flight, true);
  }

  get #wires() {
    return { near: this.#near, master: this.#master, lane: this.#lane };
  }

  #origin(wireOf: () => Wire, isNear: boolean): Origin {
    return {
      fence: () => Promise.resolve(false),
      hasRoom: () => true,
      read: (flights) => {
        // Some wait for a permit first.
        for (const flight of flights) {
          if (isNear) this.#waiting.push(flight);
          else this.#send(wireOf(), flight, false);
        }
      },
    };
  }

  /** Flights that wait for a permit. */
  readonly #waiting: Flight[] = [];

  /** A flight gets a permit. */
  admit(): void {
    const flight = this.#waiting.shift();
    if (flight !== undefined) this.#send(this.#near, flight, true);
  }

  #send(wire: Wire, flight: Flight, isNear: boolean): void {
    flight.sent(this.now);
    if (isNear) this.#flying.add(flight);
    wire.requests.push(({ applied }) => {
      if (isNear) this.#tracked.add(flight.key);
      const version = this.#versionAt(flight.key, applied);
      return () => {
        if (isNear && !this.#flying.delete(flight)) return;
        flight.settled(new Found(new TextEncoder().encode(`${version}`)), this.now);
      };
    });
  }

  #probe(sentAt: Millis): void {
    const near = this.#near;
    near.requests.push(() => () => {
      if (near !== this.#near) return;
      this.channel.answered("data", sentAt);
      this.channel.answered("invalidation", sentAt);
    });
  }

  #announce(key: Key): void {
    if (!this.#tracked.delete(key)) return;
    const near = this.#near;
    near.replies.push(() => near === this.#near && this.table.invalidate(key));
  }

  /** The version of a key at a server: the last write of it that the server has. */
  #versionAt(key: Key, applied: number): number {
    for (let at = applied; at > 0; at--) if (this.#stream[at - 1]!.key === key) return at;
    return 0;
  }
}
