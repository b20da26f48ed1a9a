/**
 * Keyspace notifications of all masters. A client has a connection to one master, and gets the
 * notifications of the others through this: one connection to each master for all clients, opened
 * while there is a subscriber.
 *
 * @module
 */
import type { Failure, Millis } from "../../core/types.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import type { PrivateLane } from "../private_lane.ts";
import type { Subscription } from "./event_channels.ts";
import { NodeEvents, type Notification } from "./node_events.ts";
import type { RoutedNode } from "./router.ts";

/** A client that leaves so many bytes of notifications unread is disconnected, as Redis does. */
const UNREAD_BYTES = 8 * 1024 * 1024;

const STAR = "*".charCodeAt(0);

export class KeyspaceEvents {
  /** The subscribers of each channel and each pattern. */
  readonly #subscribers = {
    subscribe: new Map<string, Set<Subscriber>>(),
    psubscribe: new Map<string, Set<Subscriber>>(),
  };
  readonly #byLane = new Map<PrivateLane, Subscriber>();
  readonly #nodes = new Map<string, NodeEvents>();
  #owners: readonly RoutedNode[] = [];

  /** @param open Opens a connection to a node, in RESP3. */
  constructor(
    readonly open: (node: RoutedNode) => Promise<Connection | Failure>,
    readonly timeout: Millis,
  ) {}

  /**
   * A client is about to subscribe, or to end subscriptions. Resolves when all masters know.
   *
   * @param owners The masters that there are.
   */
  async change(
    lane: PrivateLane,
    { kind, isEnd, names }: Subscription,
    owners: readonly RoutedNode[],
  ): Promise<void> {
    const subscriber = this.#byLane.get(lane) ?? new Subscriber(lane);
    if (isEnd) return this.#end(subscriber, kind, names ?? [...subscriber.names[kind]]);
    this.#byLane.set(lane, subscriber);
    lane.onLost = () => this.#leave(lane);
    this.follow(owners);
    const added = names!.filter((name) => this.#add(subscriber, kind, name));
    await Promise.all(
      Array.from(this.#nodes.values(), (node) => node.ready.then(() => node.send(kind, added))),
    );
  }

  /** These are the masters now. */
  follow(owners: readonly RoutedNode[]): void {
    this.#owners = owners;
    const wanted = new Map(this.#byLane.size === 0 ? [] : owners.map((node) => [node.name, node]));
    for (const [name, node] of this.#nodes) {
      if (wanted.has(name)) continue;
      this.#nodes.delete(name);
      node.close();
    }
    for (const [name, node] of wanted) {
      if (!this.#nodes.has(name)) this.#nodes.set(name, this.#listenTo(node));
    }
  }

  close(): void {
    this.#byLane.clear();
    this.follow([]);
  }

  #listenTo(node: RoutedNode): NodeEvents {
    const { subscribe, psubscribe } = this.#subscribers;
    return new NodeEvents({
      open: () => this.open(node),
      timeout: this.timeout,
      wanted: () => ({ subscribe: subscribe.keys(), psubscribe: psubscribe.keys() }),
      notify: (notification) => this.#notify(node, notification),
    });
  }

  #notify({ address: { host, port } }: RoutedNode, { kind, name, bytes }: Notification): void {
    for (const subscriber of this.#subscribers[kind].get(name) ?? []) {
      const { place } = subscriber.lane;
      // Its own connection brings those of its own master.
      if (place?.host !== host || place.port !== port) subscriber.take(bytes);
    }
  }

  /** Returns whether the masters have to be told. */
  #add(subscriber: Subscriber, kind: Subscription["kind"], name: string): boolean {
    subscriber.names[kind].add(name);
    const subscribers = this.#subscribers[kind].get(name);
    if (subscribers === undefined) this.#subscribers[kind].set(name, new Set([subscriber]));
    else subscribers.add(subscriber);
    return subscribers === undefined;
  }

  #end(subscriber: Subscriber, kind: Subscription["kind"], names: readonly string[]): void {
    const ended = names.filter((name) => {
      const subscribers = this.#subscribers[kind].get(name);
      subscriber.names[kind].delete(name);
      subscribers?.delete(subscriber);
      if (subscribers?.size !== 0) return false;
      return this.#subscribers[kind].delete(name);
    });
    const command = kind === "subscribe" ? "UNSUBSCRIBE" : "PUNSUBSCRIBE";
    for (const node of this.#nodes.values()) node.send(command, ended);
    const { names: left } = subscriber;
    if (left.subscribe.size + left.psubscribe.size > 0) return;
    this.#byLane.delete(subscriber.lane);
    this.follow(this.#owners);
  }

  #leave(lane: PrivateLane): void {
    const subscriber = this.#byLane.get(lane);
    if (subscriber === undefined) return;
    for (const kind of ["subscribe", "psubscribe"] as const) {
      this.#end(subscriber, kind, [...subscriber.names[kind]]);
    }
  }
}

/** A client with subscriptions to notifications. */
class Subscriber {
  readonly names = { subscribe: new Set<string>(), psubscribe: new Set<string>() };
  readonly #unread: Uint8Array[] = [];
  #bytes = 0;
  #isPassing = false;

  constructor(readonly lane: PrivateLane) {}

  /** Takes a notification, as a push of RESP3. */
  take(push: Uint8Array): void {
    const { lane } = this;
    if (!lane.state.isSubscribed) return; // Not yet, or no longer.
    const bytes = push.slice();
    if (lane.client.version === 2) bytes[0] = STAR;
    this.#unread.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > UNREAD_BYTES) lane.close("its client does not read its messages");
    else if (!this.#isPassing) this.#pass();
  }

  async #pass(): Promise<void> {
    this.#isPassing = true;
    for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
      this.#bytes -= next.length;
      const held = this.lane.push(next);
      if (held !== undefined) await held;
    }
    this.#isPassing = false;
  }
}
