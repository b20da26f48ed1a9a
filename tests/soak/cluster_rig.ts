/**
 * A cluster of three masters and three replicas, and a proxy in front of it.
 *
 * @module
 */
import { slotOf, SLOTS } from "../../src/core/slot.ts";
import { type Cluster, type ClusterServer, startCluster } from "../../tools/cluster.ts";
import { ClusterClient } from "../support/cluster_client.ts";
import { hasOwnNetwork } from "../support/own_network.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { figure, until } from "../support/serving.ts";
import type { Direct, Rig } from "./rig.ts";
import { DECLARED_WAYS } from "./through.ts";

/** A write that took longer may have been executed at any time, in milliseconds. */
const SLOW_MS = 100;

/** How long the cluster may take to be whole again. */
const RECOVERY_MS = 30_000;

/** A master with its replica, and the slots that it owns. */
export interface Shard {
  readonly master: ClusterServer;
  readonly replica: ClusterServer;
  owns(key: string): boolean;
}

export class ClusterRig implements Rig {
  readonly ways = DECLARED_WAYS;
  keys: readonly string[] = [];
  readonly resting = new Set<string>();

  private constructor(
    readonly cluster: Cluster,
    readonly proxy: RunningProxy,
    readonly lease: number,
  ) {}

  static async start(
    lease: number,
    args: readonly string[],
    program?: string,
  ): Promise<ClusterRig> {
    const cluster = await startCluster({
      areApart: hasOwnNetwork(),
      ...(program === undefined ? {} : { program }),
    });
    try {
      const all = ["--redis-url", cluster.url, "--lease", `${lease / 1000}`, ...args];
      const proxy = await startProxy(null, all);
      const count = cluster.masters.length;
      await until(async () => await figure(proxy.port, "cluster_nodes_confirmed") === count);
      const rig = new ClusterRig(cluster, proxy, lease);
      await rig.recovered();
      return rig;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get nodes(): ClusterServer[] {
    return [...this.cluster.masters, ...this.cluster.replicas];
  }

  /** The shards as a node sees them. */
  async shards(node = this.nodes[0]!): Promise<Shard[]> {
    type Place = [host: string, port: number, id: string];
    const ask = () => node.call("CLUSTER", "SLOTS");
    // On a busy machine, a node may need more than a second.
    const ranges = await ask().catch(ask) as [number, number, ...Place[]][];
    const nodeAt = (place: Place | undefined) => this.nodes.find(({ port }) => port === place?.[1]);
    const owners = new Map<ClusterServer, { replica: ClusterServer; slots: Set<number> }>();
    for (const [from, to, first, second] of ranges) {
      const [master, replica] = [nodeAt(first), nodeAt(second)];
      if (master === undefined || replica === undefined) continue;
      const shard = owners.get(master) ?? { replica, slots: new Set() };
      owners.set(master, shard);
      for (let slot = from; slot <= to; slot++) shard.slots.add(slot);
    }
    return [...owners].map(([master, { replica, slots }]) => ({
      master,
      replica,
      owns: (key) => slots.has(slotOf(key)),
    }));
  }

  /** One that owns keys of the load. */
  async someShard(): Promise<Shard> {
    const shards = (await this.shards()).filter(({ owns }) => this.keys.some(owns));
    return shards[Math.floor(Math.random() * shards.length)]!;
  }

  async masters(): Promise<number[]> {
    return (await this.shards()).map(({ master }) => master.port);
  }

  direct(): Direct {
    const client = new ClusterClient(this.nodes.map(({ port }) => port));
    return {
      async write(...command) {
        const begun = performance.now();
        const said = await client.call(...command as [string, string]);
        return said !== undefined && performance.now() - begun < SLOW_MS;
      },
      async get(key) {
        const said = await client.call("GET", key);
        if (said === undefined) throw new Error(`no answer for ${key}`);
        return said as string | null;
      },
      close: () => client.close(),
    };
  }

  /** Until all nodes see all slots, and a replica that follows for each of the masters. */
  async recovered(): Promise<void> {
    const isWhole = async (node: ClusterServer) => {
      const [info, role] = [await node.call("CLUSTER", "INFO"), await node.call("ROLE")];
      const [kind, , , state] = role as unknown[];
      const isWell = String(info).includes("cluster_state:ok") &&
        String(info).includes(`cluster_slots_ok:${SLOTS}`) &&
        (kind === "master" || state === "connected");
      return isWell && (await this.shards(node)).length === this.cluster.masters.length;
    };
    const areWhole = async () => (await Promise.all(this.nodes.map(isWhole))).every(Boolean);
    await until(() => areWhole().catch(() => false), RECOVERY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}
