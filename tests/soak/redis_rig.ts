/**
 * One redis-server behind a relay, and all faults that can happen to them.
 *
 * @module
 */
import { freePort, type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { type Kind, Relay } from "../support/relay.ts";
import { ask, infoOf, until } from "../support/serving.ts";
import { RespClient } from "./clients.ts";
import type { Direct, Fault, Place, Rig } from "./rig.ts";
import { SERVER_FAULTS } from "./server_faults.ts";
import { WAYS } from "./through.ts";

export class RedisRig implements Rig {
  /** Whether new invalidation connections go to another Redis. */
  isAstray = false;
  readonly ways = WAYS;
  keys: readonly string[] = [];
  readonly resting = new Set<string>();

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
  ): Promise<RedisRig> {
    const redis = await startRedisServer({ port: freePort(), program });
    const other = await startRedisServer({ program, args: ["--repl-diskless-sync-delay", "0"] });
    let rig: RedisRig | null = null;
    const relay = new Relay((kind) =>
      rig?.isAstray === true && kind === "invalidation" ? other.port : redis.port
    );
    const proxy = await startProxy(relay.port, ["--lease", `${lease / 1000}`, ...args]);
    // The proxy learns the commands of Redis before the first fault, as after any good start.
    await ask(proxy.port, "TIME");
    return rig = new RedisRig(redis, other, relay, proxy, lease, program);
  }

  /** Asks the redis-server itself. */
  ask(...command: string[]): Promise<string> {
    return ask(this.redis.port, ...command);
  }

  masters(): Promise<number[]> {
    return Promise.resolve([this.redis.port]);
  }

  direct(): Direct {
    const client = new RespClient(this.redis.port);
    return {
      write: async (...command) => /^[+:]/.test(await client.run(...command)),
      get: async (key) => {
        const answer = await client.get(key);
        if ("error" in answer) throw new Error(answer.error);
        return answer.value;
      },
      close: () => client.close(),
    };
  }

  async recovered(): Promise<void> {}

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

/** The same fault for each kind of connection. */
function each(name: string, shows: Shows, make: (kind: Kind) => Happening): Fault<RedisRig>[] {
  return KINDS.map((kind) => ({
    name: `${name}-${kind}`,
    isOfRedirect: kind === "invalidation",
    shows: shows[kind],
    ...make(kind),
  }));
}

type Happening = Pick<Fault<RedisRig>, "begin" | "end">;
type Shows = Record<Kind, readonly string[]>;

/** How the loss of a connection is seen. */
const LOST = ["origin_connections_lost_total"];
const LOST_LANE = ["upstreams_opened_total"];
/** Redis closes all connections of a kind, while one of them is not heard. */
const FULL = [...LOST, ...LOST_LANE, "origin_failures_total"];
const OVERFLOW: Shows = { data: FULL, invalidation: FULL, lane: FULL };
const LOSS: Shows = { data: LOST, invalidation: LOST, lane: LOST_LANE };

/** A delay is seen in durations; that of invalidations alone, in reads that are thrown away. */
function slower(seconds: number): Shows {
  return {
    data: [`origin_duration_seconds over ${seconds}`, ...LOST],
    invalidation: ["coherence_detached_reads_total", "cache_misses_total", ...LOST],
    lane: ["shared", "control", "private"].map((lane) =>
      `pass_duration_seconds{lane="${lane}"} over ${seconds}`
    ).concat(LOST_LANE),
  };
}

function setTo(rig: RedisRig, name: string, value: string): void {
  rig.ask("CONFIG", "SET", name, value);
}

export const FAULTS: readonly Fault<RedisRig>[] = [
  ...each("delay", slower(0.01), (kind) => ({
    begin: ({ relay }) => relay.delay(kind, () => Math.random() * 20),
    end: ({ relay }) => relay.delay(kind, () => 0),
  })),
  ...each("freeze", slower(0.1), (kind) => ({
    begin: ({ relay }) => relay.freeze(kind),
    end: ({ relay }) => relay.thaw(kind),
  })),
  ...each("half-open", LOSS, (kind) => ({
    begin: ({ relay }) => relay.halfOpen(kind),
    end: ({ relay }) => relay.heal(),
  })),
  ...each("cut", LOSS, (kind) => ({ begin: ({ relay }) => relay.cut(kind) })),
  ...each("output-buffer", OVERFLOW, (kind) => ({
    begin: (rig) => {
      const type = kind === "invalidation" ? "pubsub" : "normal";
      setTo(rig, "client-output-buffer-limit", `${type} 2048 0 0`);
      rig.relay.hold(kind);
    },
    end: (rig) => {
      rig.relay.release(kind);
      setTo(rig, "client-output-buffer-limit", "normal 0 0 0 pubsub 33554432 8388608 60");
    },
  })),
  {
    // Redis forgets the settings of the connection, tracking included, and keeps answering.
    name: "reset",
    shows: LOST,
    begin: ({ relay }) => relay.say("data", "CLIENT REPLY SKIP\r\nRESET\r\n"),
  },
  {
    name: "client-kill",
    isOfRedirect: true,
    shows: LOST,
    begin: async (rig) => void await rig.ask("CLIENT", "KILL", "TYPE", "pubsub"),
  },
  {
    name: "hang",
    shows: ["origin_duration_seconds over 0.1", "pass_duration_seconds over 0.1", ...LOST],
    begin: ({ redis }) => redis.kill("SIGSTOP"),
    end: ({ redis }) => redis.kill("SIGCONT"),
  },
  { name: "restart", isLossy: true, shows: LOST, begin: (rig) => rig.restart() },
  {
    // The server has another master, and no more than that one.
    name: "demotion",
    isLossy: true,
    shows: LOST,
    begin: async (rig) => {
      await rig.ask("REPLICAOF", "127.0.0.1", `${rig.other.port}`);
      const { port } = rig.redis;
      await until(async () =>
        (await infoOf(port, "replication")).includes("master_link_status:up")
      );
    },
    end: async (rig) => void await rig.ask("REPLICAOF", "NO", "ONE"),
  },
  {
    name: "wrong-server",
    isOfRedirect: true,
    shows: LOST,
    begin: (rig) => {
      rig.isAstray = true;
      rig.relay.cut("data");
    },
    end: (rig) => {
      rig.isAstray = false;
    },
  },
  ...SERVER_FAULTS,
];

export const ONE_REDIS: Place<RedisRig> = {
  start: (lease, args, program) => RedisRig.start(lease, args, program),
  faults: FAULTS,
  // The lease, plus the timeout of a probe.
  bound: (lease) => lease + lease * 2 / 3,
};
