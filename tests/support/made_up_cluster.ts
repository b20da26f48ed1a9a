/**
 * A cluster whose nodes say what a test wants them to say of its slots. One Redis is behind all.
 *
 * @module
 */
import { Log } from "../../src/core/log.ts";
import { SLOTS } from "../../src/core/slot.ts";
import { Stats } from "../../src/core/stats.ts";
import type { Millis } from "../../src/core/types.ts";
import { ByteBudget } from "../../src/origin/byte_budget.ts";
import type { ClusterFollower } from "../../src/origin/follower.ts";
import { Semaphore } from "../../src/origin/semaphore.ts";
import { Members } from "../../src/topology/cluster/members.ts";
import { sharesOf } from "../../src/topology/cluster/slots_reply.ts";
import { LyingRedis } from "./lying_redis.ts";

const HOST = "127.0.0.1";

export class MadeUpCluster implements Disposable {
  readonly nodes: readonly LyingRedis[];
  readonly members: Members;
  /** The nodes that own slots, in the order of their slots. */
  masters: readonly LyingRedis[];
  /** What each node adds to what it says of a master, such as its replicas. */
  addition = (_: LyingRedis) => "*0\r\n";

  /**
   * @param target The port of a Redis.
   * @param count The number of nodes.
   * @param masters So many of them, the first ones, own slots.
   */
  constructor(target: number, count: number, masters: number, lease: Millis) {
    this.nodes = Array.from({ length: count }, () => {
      const node: LyingRedis = new LyingRedis(
        target,
        ([name]) => name === "CLUSTER" ? this.#slots(node) : undefined,
      );
      return node;
    });
    this.masters = this.nodes.slice(0, masters);
    const origin = {
      ...{ host: HOST, port: 0, socket: null, tls: null },
      ...{ username: null, password: null, database: 0 },
    };
    this.members = new Members(origin, SILENT, {
      options: {
        ...{ mode: "auto", tracking: "default", trackingMode: "auto", prefixes: [] },
        ...{ timeout: 1000, lease },
      },
      permits: new Semaphore({ permits: 1, waiters: 1, patience: 1000 }),
      budget: new ByteBudget(1024, 1000),
      keptFor: () => 0,
      stats: new Stats(),
      log: new Log("error", "text", nothing),
    });
    this.members.learn(sharesOf(this.#ranges()));
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
    this.members.close();
    for (const node of this.nodes) node[Symbol.dispose]();
  }

  #numberOf(port: number): number {
    return this.nodes.findIndex((node) => node.port === port);
  }

  #ranges() {
    const share = SLOTS / this.masters.length;
    return this.masters.map(({ port }, at) => ({
      first: Math.floor(at * share),
      last: Math.floor((at + 1) * share) - 1,
      place: { host: HOST, port },
      id: `${port}`,
      isNamed: true,
    }));
  }

  #slots(asked: LyingRedis): string {
    const ranges = this.#ranges().map(({ first, last, place: { port } }) =>
      `*3\r\n:${first}\r\n:${last}\r\n*4\r\n$9\r\n${HOST}\r\n:${port}\r\n$1\r\na\r\n` +
      this.addition(asked)
    );
    return `*${ranges.length}\r\n${ranges.join("")}`;
  }
}

function nothing(): void {}

const SILENT: ClusterFollower = {
  node: () => ({
    ...{ up: nothing, down: nothing, answered: nothing, doubted: nothing, invalidate: nothing },
    ...{ flush: nothing, foreign: nothing, witnessed: nothing, viewed: nothing },
    ...{ rested: nothing, woke: nothing },
  }),
  lost: nothing,
};
