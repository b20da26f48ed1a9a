/**
 * Faults of a cluster: masters that fail over, die, freeze and lose their keys, and slots that move.
 *
 * @module
 */
import { slotOf } from "../../src/core/slot.ts";
import type { ClusterServer } from "../../tools/cluster.ts";
import { pause } from "../support/failover.ts";
import { until } from "../support/serving.ts";
import { cutBus, healBus } from "./bus.ts";
import { ClusterRig, type Shard } from "./cluster_rig.ts";
import type { History } from "./history.ts";
import type { Fault, Place } from "./rig.ts";
import { SERVER_FAULTS } from "./server_faults.ts";

/** How long it may take until a replica is the master. */
const PROMOTION_MS = 15_000;

/** The most slots that move at once. */
const MOVING = 8;

/** How long keys are missing before their slots move: the proxy knows it by then, in milliseconds. */
const REST_MS = 1000;

/** Shorter than the time after which the cluster replaces a master. */
const HANG_MS = 1200;

/** How a connection's loss and a slot's new owner are seen. */
const LOST = ["origin_connections_lost_total", "cluster_node_up"];
const MOVED = ["cluster_node_slots"];

async function isMaster({ call }: ClusterServer): Promise<boolean> {
  return (await call("ROLE") as unknown[])[0] === "master";
}

/** Runs a fault in which acknowledged writes to the keys of a shard may be lost. */
async function lossy({ owns }: Shard, history: History, work: () => Promise<void>): Promise<void> {
  const settled = history.doubt(owns, performance.now());
  await work();
  settled(performance.now());
}

/** Keys are removed by something that is not a client. */
async function removing(
  keys: readonly string[],
  history: History,
  work: () => Promise<void>,
): Promise<void> {
  const settled = history.doubt((key) => keys.includes(key), performance.now());
  const removed = keys.map((key) => history.write(key, null, performance.now()));
  await work();
  settled(performance.now());
  for (const one of removed) one(performance.now());
}

/** Some slots of a shard with keys of the load, and these keys. */
function someSlots({ keys }: ClusterRig, { owns }: Shard): { slots: string[]; keys: string[] } {
  const slots = new Set(keys.filter(owns).slice(0, MOVING).map(slotOf));
  return { slots: [...slots].map(String), keys: keys.filter((key) => slots.has(slotOf(key))) };
}

/** Two masters. */
async function pair(rig: ClusterRig): Promise<[Shard, Shard]> {
  const from = await rig.someShard();
  const others = (await rig.shards()).filter(({ master }) => master !== from.master);
  return [from, others[Math.floor(Math.random() * others.length)]!];
}

class Stopped implements Fault<ClusterRig> {
  #shard: Shard | null = null;

  constructor(
    readonly name: string,
    readonly signal: "SIGKILL" | "SIGSTOP",
    readonly shows = [...LOST, ...MOVED],
  ) {}

  async begin(rig: ClusterRig, history: History): Promise<void> {
    const shard = this.#shard = await rig.someShard();
    await lossy(shard, history, async () => {
      shard.master.server.kill(this.signal);
      await until(() => isMaster(shard.replica).catch(() => false), PROMOTION_MS);
    });
  }

  async end(_: ClusterRig, history: History): Promise<void> {
    const shard = this.#shard!;
    if (this.signal === "SIGKILL") return shard.master.restart();
    // It takes itself for the master until it hears of the other one.
    await lossy(shard, history, async () => {
      shard.master.server.kill("SIGCONT");
      await until(async () => !await isMaster(shard.master).catch(() => true));
    });
  }
}

/** A master is cut from all other nodes, and replaced. Clients and its replica still reach it. */
class Partition implements Fault<ClusterRig> {
  readonly name = "partition";
  readonly shows = [...LOST, ...MOVED];
  readonly isOfNetwork = true;
  #shard: Shard | null = null;

  async begin(rig: ClusterRig, history: History): Promise<void> {
    const shard = this.#shard = await rig.someShard();
    await lossy(shard, history, async () => {
      await cutBus(shard.master);
      await until(() => isMaster(shard.replica).catch(() => false), PROMOTION_MS);
    });
  }

  async end(_: ClusterRig, history: History): Promise<void> {
    const shard = this.#shard!;
    await lossy(shard, history, async () => {
      await healBus();
      await until(async () => !await isMaster(shard.master).catch(() => true));
    });
  }
}

class Hang implements Fault<ClusterRig> {
  readonly name = "hang";
  readonly duration = HANG_MS;
  readonly shows = ["origin_duration_seconds over 0.1", ...LOST];
  #shard: Shard | null = null;

  async begin(rig: ClusterRig): Promise<void> {
    this.#shard = await rig.someShard();
    this.#shard.master.server.kill("SIGSTOP");
  }

  end(): void {
    this.#shard!.master.server.kill("SIGCONT");
  }
}

/** Slots move slowly. Meanwhile, keys that were missing are born at the target. */
class Migration implements Fault<ClusterRig> {
  readonly name = "migration";
  readonly shows = MOVED;
  readonly duration = 2500;
  #from!: ClusterServer;
  #to!: ClusterServer;
  #slots: string[] = [];

  async begin(rig: ClusterRig): Promise<void> {
    const [from, to] = await pair(rig);
    [this.#from, this.#to] = [from.master, to.master];
    const { slots, keys } = someSlots(rig, from);
    this.#slots = slots;
    for (const key of keys) rig.resting.add(key);
    await pause(REST_MS);
    for (const slot of slots) {
      await this.#to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", this.#from.id);
      await this.#from.call("CLUSTER", "SETSLOT", slot, "MIGRATING", this.#to.id);
    }
    rig.resting.clear();
  }

  async end(rig: ClusterRig): Promise<void> {
    for (const slot of this.#slots) {
      await this.#empty(slot);
      for (const { master } of [{ master: this.#to }, ...await rig.shards()]) {
        await master.call("CLUSTER", "SETSLOT", slot, "NODE", this.#to.id);
      }
    }
  }

  async #empty(slot: string): Promise<void> {
    const { port } = this.#to;
    for (;;) {
      const keys = await this.#from.call("CLUSTER", "GETKEYSINSLOT", slot, "10") as string[];
      if (keys.length === 0) return;
      for (const key of keys) {
        await this.#from.call("MIGRATE", "127.0.0.1", `${port}`, key, "0", "1000");
        await pause(20);
      }
    }
  }
}

export const CLUSTER_FAULTS: readonly Fault<ClusterRig>[] = [
  ...SERVER_FAULTS,
  {
    name: "failover",
    shows: [...LOST, ...MOVED],
    begin: async (rig) => {
      const { replica } = await rig.someShard();
      await replica.call("CLUSTER", "FAILOVER");
      await until(() => isMaster(replica).catch(() => false), PROMOTION_MS);
    },
  },
  new Stopped("kill", "SIGKILL"),
  new Stopped("freeze", "SIGSTOP"),
  new Partition(),
  new Hang(),
  {
    // It is back before its replica could take over, and both lose their keys.
    name: "restart",
    shows: LOST,
    begin: async (rig, history) => {
      const shard = await rig.someShard();
      await removing(rig.keys.filter(shard.owns), history, () => shard.master.restart());
    },
  },
  new Migration(),
  {
    // Slots are taken from a node with all their keys, which nobody announces.
    name: "taken-slots",
    shows: MOVED,
    begin: async (rig, history) => {
      const [from, { master: to }] = await pair(rig);
      const { slots, keys } = someSlots(rig, from);
      await removing(keys, history, async () => {
        const hasLost = async () => {
          for (const slot of slots) await to.call("CLUSTER", "SETSLOT", slot, "NODE", to.id);
          await to.call("CLUSTER", "BUMPEPOCH");
          await pause(100);
          const view = await rig.shards(from.master);
          const left = view.find(({ master }) => master === from.master);
          return !keys.some((key) => left?.owns(key));
        };
        await until(hasLost);
      });
    },
  },
];

export const CLUSTER: Place<ClusterRig> = {
  start: (lease, args, program) => ClusterRig.start(lease, args, program),
  faults: CLUSTER_FAULTS,
  bound: (lease) => lease + 100,
};
