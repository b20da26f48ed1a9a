/**
 * The rig: a redis-server, a relay, a proxy, and all faults that can happen to them.
 *
 * @module
 */
import { freePort, type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { type Kind, Relay } from "../support/relay.ts";
import { ask, infoOf, until } from "../support/serving.ts";

/** A fault that lasts for a while. */
export interface Fault {
  readonly name: string;
  /** Whether writers must pause while it begins, because their writes may be lost. */
  readonly isLossy?: boolean;
  /** Whether keys may disappear meanwhile, because memory is short. */
  readonly isEvicting?: boolean;
  begin(rig: Rig): Promise<void> | void;
  end?(rig: Rig): Promise<void> | void;
}

export class Rig implements AsyncDisposable {
  /** Whether new invalidation connections go to another Redis. */
  isAstray = false;

  private constructor(
    public redis: RedisServer,
    readonly other: RedisServer,
    readonly relay: Relay,
    public proxy: RunningProxy,
    readonly lease: number,
    readonly program: string,
  ) {}

  /**
   * @param lease The proxy's lease in milliseconds.
   * @param args Further arguments of the proxy.
   * @param program The server.
   */
  static async start(
    lease: number,
    args: readonly string[] = [],
    program = "redis-server",
  ): Promise<Rig> {
    const redis = await startRedisServer({ port: freePort(), program });
    const other = await startRedisServer({ program, args: ["--repl-diskless-sync-delay", "0"] });
    let rig: Rig | null = null;
    const relay = new Relay((kind) =>
      rig?.isAstray === true && kind === "invalidation" ? other.port : redis.port
    );
    const proxy = await startProxy(relay.port, ["--lease", `${lease / 1000}`, ...args]);
    // The proxy learns the commands of Redis before the first fault, as after any good start.
    await ask(proxy.port, "TIME");
    return rig = new Rig(redis, other, relay, proxy, lease, program);
  }

  /** Asks the redis-server itself. */
  ask(...command: string[]): Promise<string> {
    return ask(this.redis.port, ...command);
  }

  async restart(): Promise<void> {
    const { program, redis: { port } } = this;
    this.redis.kill("SIGKILL");
    await this.redis.stop();
    this.redis = await startRedisServer({ port, program });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    this.relay[Symbol.dispose]();
    await Promise.all([this.redis.stop(), this.other.stop()]);
  }
}

const KINDS: readonly Kind[] = ["data", "invalidation", "lane"];

function each(name: string, make: (kind: Kind) => Omit<Fault, "name">): Fault[] {
  return KINDS.map((kind) => ({ name: `${name}-${kind}`, ...make(kind) }));
}

const set = (rig: Rig, name: string, value: string) => void rig.ask("CONFIG", "SET", name, value);

export const FAULTS: readonly Fault[] = [
  ...each("delay", (kind) => ({
    begin: ({ relay }) => relay.delay(kind, () => Math.random() * 20),
    end: ({ relay }) => relay.delay(kind, () => 0),
  })),
  ...each("freeze", (kind) => ({
    begin: ({ relay }) => relay.freeze(kind),
    end: ({ relay }) => relay.thaw(kind),
  })),
  ...each("half-open", (kind) => ({
    begin: ({ relay }) => relay.halfOpen(kind),
    end: ({ relay }) => relay.heal(),
  })),
  ...each("cut", (kind) => ({ begin: ({ relay }) => relay.cut(kind) })),
  {
    // Redis forgets the settings of the connection, tracking included, and keeps answering.
    name: "reset",
    begin: ({ relay }) => relay.say("data", "CLIENT REPLY SKIP\r\nRESET\r\n"),
  },
  {
    name: "client-kill",
    begin: async (rig) => void await rig.ask("CLIENT", "KILL", "TYPE", "pubsub"),
  },
  {
    // Every connection of the proxy but the invalidation connection: requests in flight may be
    // executed or not.
    name: "kill-lanes",
    begin: async (rig) => void await rig.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
  },
  {
    name: "client-pause",
    begin: async (rig) => void await rig.ask("CLIENT", "PAUSE", "300", "ALL"),
  },
  {
    name: "hang",
    begin: ({ redis }) => redis.kill("SIGSTOP"),
    end: ({ redis }) => redis.kill("SIGCONT"),
  },
  { name: "restart", isLossy: true, begin: (rig) => rig.restart() },
  {
    // The server has another master, and no more than that one.
    name: "demotion",
    isLossy: true,
    begin: async (rig) => {
      await rig.ask("REPLICAOF", "127.0.0.1", `${rig.other.port}`);
      const { port } = rig.redis;
      await until(async () =>
        (await infoOf(port, "replication")).includes("master_link_status:up")
      );
    },
    end: async (rig) => void await rig.ask("REPLICAOF", "NO", "ONE"),
  },
  { name: "flush", isLossy: true, begin: async (rig) => void await rig.ask("FLUSHALL") },
  {
    name: "tracking-table",
    begin: (rig) => set(rig, "tracking-table-max-keys", "2"),
    end: (rig) => set(rig, "tracking-table-max-keys", "1000000"),
  },
  ...each("output-buffer", (kind) => ({
    begin: (rig) => {
      const type = kind === "invalidation" ? "pubsub" : "normal";
      set(rig, "client-output-buffer-limit", `${type} 2048 0 0`);
      rig.relay.hold(kind);
    },
    end: (rig) => {
      rig.relay.release(kind);
      set(rig, "client-output-buffer-limit", "normal 0 0 0 pubsub 33554432 8388608 60");
    },
  })),
  {
    name: "eviction",
    isEvicting: true,
    begin: async (rig) => {
      await rig.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-random");
      await rig.ask("CONFIG", "SET", "maxmemory", "1mb");
    },
    end: async (rig) => void await rig.ask("CONFIG", "SET", "maxmemory", "0"),
  },
  {
    name: "wrong-server",
    begin: (rig) => {
      rig.isAstray = true;
      rig.relay.cut("data");
    },
    end: (rig) => {
      rig.isAstray = false;
    },
  },
];
