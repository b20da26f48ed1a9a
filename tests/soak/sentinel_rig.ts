/**
 * A master, a replica and three sentinels, and a proxy in front of them.
 *
 * @module
 */
import { startRedisServer } from "../../tools/redis_server.ts";
import { askSentinel, type SentinelSet, startSentinelSet } from "../../tools/sentinels.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";
import { infoOf, until } from "../support/serving.ts";
import { RespClient } from "./clients.ts";
import type { Direct, Rig } from "./rig.ts";
import { WAYS } from "./through.ts";

/** How often to ask the sentinels for the master, in milliseconds. */
const ASKING_MS = 20;

/** How long all may take to be whole again: sentinels leave an old master alone for 10 seconds. */
const RECOVERY_MS = 60_000;

export class SentinelRig implements Rig {
  readonly ways = WAYS;
  keys: readonly string[] = [];
  readonly resting = new Set<string>();
  readonly #servers;
  #master: number;
  #isOver = false;
  readonly #watching: Promise<void>;

  private constructor(
    readonly set: SentinelSet,
    readonly proxy: RunningProxy,
    readonly lease: number,
    readonly program?: string,
  ) {
    this.#servers = new Map([set.master, set.replica].map((one) => [one.port, one]));
    this.#master = set.master.port;
    this.#watching = this.#watch();
  }

  static async start(
    lease: number,
    args: readonly string[],
    program?: string,
  ): Promise<SentinelRig> {
    const set = await startSentinelSet(program === undefined ? {} : { program });
    try {
      const all = ["--redis-url", set.url, "--lease", `${lease / 1000}`, ...args];
      return new SentinelRig(set, await startProxy(null, all), lease, program);
    } catch (error) {
      await set[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The server that all sentinels name. */
  get master() {
    return this.#servers.get(this.#master)!;
  }

  masters(): Promise<number[]> {
    return Promise.resolve([this.#master]);
  }

  direct(): Direct {
    let port = this.#master;
    let client = new RespClient(port);
    const present = () => {
      if (port === this.#master) return client;
      client.close();
      port = this.#master;
      return client = new RespClient(port);
    };
    return {
      write: async (...command) => {
        const answer = await present().run(...command);
        return /^[+:]/.test(answer) && port === this.#master;
      },
      get: async (key) => {
        const answer = await present().get(key);
        if ("error" in answer) throw new Error(answer.error);
        return answer.value;
      },
      close: () => client.close(),
    };
  }

  /** Starts a server again that was killed, as it was at first: it takes itself for a master. */
  async restart(port: number): Promise<void> {
    await this.#servers.get(port)!.stop();
    const args = ["--repl-diskless-sync-delay", "0"];
    const { program } = this;
    const started = { port, args, ...program === undefined ? {} : { program } };
    this.#servers.set(port, await startRedisServer(started));
  }

  /** Lets a frozen server go on. */
  wake(port: number): void {
    this.#servers.get(port)!.kill("SIGCONT");
  }

  /** Until all sentinels name one master, and the other server follows it. */
  async recovered(): Promise<void> {
    await until(async () => {
      const named = await this.#named();
      if (new Set(named).size !== 1) return false;
      const other = [...this.#servers.keys()].find((port) => port !== named[0])!;
      const replication = await infoOf(other, "replication");
      return replication.includes("master_link_status:up") &&
        replication.includes(`master_port:${named[0]}`);
    }, RECOVERY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#watching;
    await this.proxy[Symbol.asyncDispose]();
    await Promise.all([...this.#servers.values()].map((one) => one.stop()));
    await this.set[Symbol.asyncDispose]();
  }

  /** What the sentinels answer that do. */
  async #named(): Promise<number[]> {
    const { sentinels, name } = this.set;
    const ask = ({ port }: { port: number }) =>
      askSentinel(port, `SENTINEL GET-MASTER-ADDR-BY-NAME ${name}`).catch(() => "");
    const answers = await Promise.all(sentinels.map(ask));
    return answers.map((answer) => Number(/\r\n(\d+)\r\n$/.exec(answer)?.[1] ?? 0));
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      const named = await this.#named();
      const [first] = named;
      if (first !== 0 && named.every((one) => one === first)) this.#master = first!;
      await new Promise((resolve) => setTimeout(resolve, ASKING_MS));
    }
  }
}
