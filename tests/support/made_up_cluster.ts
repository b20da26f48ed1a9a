/**
 * A cluster whose nodes say what a test wants them to say of its slots. One Redis is behind all.
 *
 * @module
 */
import { Log } from "../../src/core/log.ts";
import { slotOf, SLOTS } from "../../src/core/slot.ts";
import { Stats } from "../../src/core/stats.ts";
import type { Fetched, Key, Millis } from "../../src/core/types.ts";
import { ByteBudget } from "../../src/origin/byte_budget.ts";
import type { ClusterFollower } from "../../src/origin/follower.ts";
import { Semaphore } from "../../src/origin/semaphore.ts";
import type { Members } from "../../src/topology/cluster/members.ts";
import { ClusterOrigin } from "../../src/topology/cluster/mod.ts";
import { LyingRedis } from "./lying_redis.ts";

const HOST = "127.0.0.1";
const DOWN = "-CLUSTERDOWN The cluster is down\r\n";
const KEYED = ["EXISTS", "GET", "GETRANGE", "PTTL"];

/** How long a read may be sent on. */
const TIMEOUT: Millis = 1000;

export class MadeUpCluster implements Disposable {
  readonly nodes: readonly LyingRedis[];
  readonly origin: ClusterOrigin;
  /** The nodes that own slots, in the order of their slots. */
  masters: readonly LyingRedis[];
  /** Whether no node serves keys, as if the cluster were down. */
  isDown = false;
  /** What each node adds to what it says of a master, such as its replicas. */
  addition = (_: LyingRedis) => "*0\r\n";

  /**
   * @param target The port of a Redis.
   * @param count The number of nodes.
   * @param masters So many of them, the first ones, own slots.
   */
  constructor(target: number, count: number, masters: number, lease: Millis) {
    this.nodes = Array.from({ length: count }, () => {
      const node: LyingRedis = new LyingRedis(target, ([name]) => {
        if (name === "CLUSTER") return this.#slots(node);
        return this.isDown && KEYED.includes(name!) ? DOWN : undefined;
      });
      return node;
    });
    this.masters = this.nodes.slice(0, masters);
    const origin = {
      ...{ host: HOST, port: 0, socket: null, tls: null },
      ...{ username: null, password: null, database: 0 },
    };
    const seeds = this.masters.map(({ port }) => ({ host: HOST, port }));
    this.origin = new ClusterOrigin({ seeds, origin, timeout: TIMEOUT }, SILENT, {
      options: {
        ...{ mode: "auto", tracking: "default", trackingMode: "auto", prefixes: [] },
        ...{ timeout: TIMEOUT, lease },
      },
      permits: new Semaphore({ permits: 100, waiters: 100, patience: TIMEOUT }),
      budget: new ByteBudget(1024, 1000),
      keptFor: () => 0,
      replicas: null,
      stats: new Stats(),
      log: new Log("error", "text", nothing),
    });
    this.origin.open();
  }

  get members(): Members {
    return this.origin.members;
  }

  /** The number of the node that reads of a key are sent to. */
  ownerOf(key: Key): number {
    return this.#numberOf(this.origin.nodeOf(slotOf(key))!.address.port);
  }

  /** Reads a key. */
  read(key: Key): Promise<Fetched> {
    const { promise, resolve } = Promise.withResolvers<Fetched>();
    this.origin.read([{ key, sent() {}, narrow: () => null, settled: resolve }]);
    return promise;
  }

  /** The nodes that the proxy knows, by their numbers here. */
  get known(): number[] {
    return this.members.all.map(({ address }) => this.#numberOf(address.port)).sort();
  }

  /** Those of them that own slots and are watched. */
  get awake(): number[] {
    return this.members.owners.filter(({ isResting, link }) => link.upstream !== null && !isResting)
      .map(({ address }) => this.#numberOf(address.port)).sort();
  }

  [Symbol.dispose](): void {
    this.origin.close();
    for (const node of this.nodes) node[Symbol.dispose]();
  }

  #numberOf(port: number): number {
    return this.nodes.findIndex((node) => node.port === port);
  }

  #slots(asked: LyingRedis): string {
    const share = SLOTS / this.masters.length;
    const ranges = this.masters.map(({ port }, at) => {
      const [first, next] = [at, at + 1].map((one) => Math.floor(one * share));
      const master = `*4\r\n$9\r\n${HOST}\r\n:${port}\r\n$1\r\na\r\n`;
      return `*3\r\n:${first}\r\n:${next! - 1}\r\n${master}${this.addition(asked)}`;
    });
    return `*${ranges.length}\r\n${ranges.join("")}`;
  }
}

function nothing(): void {}

const SILENT: ClusterFollower = {
  node: () => ({
    ...{ up: nothing, down: nothing, answered: nothing, doubted: nothing, invalidate: nothing },
    ...{ flush: nothing, foreign: nothing, witnessed: nothing, viewed: nothing },
    ...{
      unwitnessed: nothing,
      rested: nothing,
      woke: nothing,
      caughtUp: nothing,
      leftReplica: nothing,
    },
  }),
  lost: nothing,
};
