/**
 * The shared lanes to the nodes of a cluster, and the nodes that lanes lead to.
 *
 * @module
 */
import type { Route } from "../../commands/route.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import { parseReply, type Reply, ReplyError } from "../../origin/wire/reply.ts";
import type { SharedLane } from "../shared_lane.ts";
import { requestWith } from "./requests.ts";
import type { RoutedNode } from "./router.ts";

/** Makes a lane to a node. */
export type MakeLane = (
  kind: "shared" | "control",
  version: 2 | 3,
  address: OriginAddress,
) => SharedLane;

export class NodeLanes {
  /** The nodes that lanes lead to. */
  readonly #known = new Map<string, RoutedNode>();
  /** The lanes by node, kind, version of the protocol and use. */
  readonly #lanes = new Map<string, SharedLane>();
  /** Those for the requests of clients, which are found without making a text. */
  readonly #shared = {
    2: new Map<RoutedNode, SharedLane>(),
    3: new Map<RoutedNode, SharedLane>(),
  };

  constructor(readonly make: MakeLane) {}

  get all(): Iterable<SharedLane> {
    return this.#lanes.values();
  }

  /** The lane for the requests of clients. */
  shared(node: RoutedNode, version: 2 | 3): SharedLane {
    let lane = this.#shared[version].get(node);
    if (lane === undefined) {
      lane = this.to(node, "shared", version);
      this.#shared[version].set(node, lane);
    }
    return lane;
  }

  /** @param use What else the lane is for; empty for the requests of clients. */
  to(node: RoutedNode, route: Route, version: 2 | 3, use = ""): SharedLane {
    this.know(node);
    const kind = route === "control" ? "control" : "shared";
    const key = `${node.name} ${kind}${version}${use}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = this.make(kind, version, node.address);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** The open connections to a node. */
  *connectionsTo({ name }: RoutedNode): Iterable<Connection> {
    for (const [key, lane] of this.#lanes) {
      if (key.startsWith(`${name} `)) yield* lane.connections;
    }
  }

  /** Asks a node; undefined if it replies with an error or not at all. */
  async ask(
    node: RoutedNode,
    words: readonly string[],
    route: Route,
    use = "",
  ): Promise<Reply | undefined> {
    const passing = this.to(node, route, 2, use).pass(requestWith(undefined, words));
    await passing.known();
    const passed = passing.value;
    const reply = passed instanceof Uint8Array ? parseReply(passed) : undefined;
    return reply instanceof ReplyError ? undefined : reply;
  }

  /** A lane leads to a node. */
  know(node: RoutedNode): void {
    this.#known.set(node.name, node);
  }

  at({ host, port }: OriginAddress): RoutedNode | undefined {
    return this.#known.get(`${host}:${port}`);
  }

  /** Closes the lanes to all other nodes. Returns these nodes. */
  leaveAllBut(owners: ReadonlySet<string>): RoutedNode[] {
    const left = [...this.#known.values()].filter(({ name }) => !owners.has(name));
    for (const node of left) {
      this.#known.delete(node.name);
      this.#shared[2].delete(node);
      this.#shared[3].delete(node);
      for (const [key, lane] of this.#lanes) {
        if (!key.startsWith(`${node.name} `)) continue;
        this.#lanes.delete(key);
        lane.close();
      }
    }
    return left;
  }
}
