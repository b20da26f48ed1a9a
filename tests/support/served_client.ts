/**
 * A client of the proxy between a test and Redis, both in memory: the test plays the client, and
 * decides what each connection to Redis answers and when it ends.
 *
 * @module
 */
import { PassFilter } from "../../src/commands/permission.ts";
import { Log } from "../../src/core/log.ts";
import { Stats } from "../../src/core/stats.ts";
import { Lanes } from "../../src/lanes/mod.ts";
import { Connection as Upstream } from "../../src/origin/wire/connection.ts";
import { Resp } from "../../src/resp/mod.ts";
import { Entrance } from "../../src/server/arrival.ts";
import { Connection } from "../../src/server/connection.ts";
import { Ledger } from "../../src/server/ledger.ts";
import { SlowClients } from "../../src/server/slow_clients.ts";
import { makeCache } from "./cache.ts";
import { request } from "./client.ts";
import { FakeOrigin } from "./fake_origin.ts";
import { type Answerer, bulk, FakeRedis, settled } from "./fake_redis.ts";
import { FakeCache } from "./lane_rig.ts";
import { MemoryConn } from "./memory_conn.ts";
import { respContext } from "./resp_context.ts";

/** The commands that this Redis has: name, flags, and the position of the key. */
const COMMANDS: readonly (readonly [name: string, flags: string, key: number])[] = [
  ["get", "readonly", 1],
  ["set", "write", 1],
  ["lpush", "write", 1],
  ["blpop", "write blocking", 1],
  ["eval", "noscript", 0],
  ["client", "admin", 0],
  ...["multi", "exec", "discard", "watch", "unwatch", "subscribe", "unsubscribe", "publish"]
    .map((name) => [name, "fast", 0] as const),
];

const CATEGORIES: Readonly<Record<string, string>> = {
  ...{ multi: "transaction", exec: "transaction", watch: "transaction", unwatch: "transaction" },
  ...{ discard: "transaction", subscribe: "pubsub", unsubscribe: "pubsub", blpop: "blocking" },
};

const TABLE = `*${COMMANDS.length}\r\n` + COMMANDS.map(([name, flags, key]) => {
  const words = flags.split(" ").map((flag) => `+${flag}\r\n`);
  const category = CATEGORIES[name] === undefined ? "*0\r\n" : `*1\r\n+@${CATEGORIES[name]}\r\n`;
  return `*7\r\n${bulk(name)}:-1\r\n*${words.length}\r\n${words.join("")}` +
    `:${key}\r\n:${key}\r\n:${key}\r\n${category}`;
}).join("");

/** Answers the commands of the proxy itself, and says nothing to all others. */
function greeted(words: readonly string[], answer: Answerer, isBlocked: boolean): string {
  const line = words.join(" ").toUpperCase();
  if (line === "COMMAND") return TABLE;
  if (line === "CLIENT ID") return ":7\r\n";
  if (/^(CLIENT SETNAME|CLIENT SETINFO|SELECT 0|AUTH)/.test(line)) return "+OK\r\n";
  if (line === "CLIENT LIST ID 7") return bulk(`id=7 addr=x flags=${isBlocked ? "b" : "N"}\n`);
  if (/^(CONFIG GET|CLIENT LIST|INFO|HELLO)/.test(line)) return "-ERR not here\r\n";
  return answer(words);
}

export class ServedClient implements AsyncDisposable {
  /** What the client sends and gets. */
  readonly conn = new MemoryConn();
  /** All connections to Redis. */
  readonly redis: FakeRedis[] = [];
  readonly cache = new FakeCache();
  /** Whether Redis says that the client waits for others. */
  isBlocked = true;
  readonly lanes: Lanes;
  readonly #slow = new SlowClients(new Ledger(2 ** 24), 2 ** 20);
  readonly #served: Promise<void>;

  /** @param answer The reply of Redis to a command of the client; "" for none yet. */
  constructor(answer: Answerer) {
    const open: Lanes["options"]["open"] = async (_, prepare) => {
      const redis = new FakeRedis((words) => greeted(words, answer, this.isBlocked));
      this.redis.push(redis);
      const upstream = new Upstream(redis);
      await prepare(upstream);
      return upstream;
    };
    const filter = new PassFilter({ allow: [], deny: [] });
    const stats = new Stats();
    this.lanes = new Lanes({
      ...{ open, timeout: 10_000, onTable() {}, cache: this.cache, stats, database: 0 },
      ...{ login: null, filter, maxPrivate: 100, replyMemory: 2 ** 24 },
    });
    const context = respContext({ lanes: this.lanes, filter });
    const connection = new Connection(this.conn as unknown as Deno.Conn, {
      lookup: makeCache(new FakeOrigin()),
      stats,
      slow: this.#slow,
      entrance: new Entrance(
        false,
        (_, peer) => new Resp(context, peer),
        new Log("error", "text", () => {}),
      ),
    });
    this.#served = connection.serve();
  }

  /** The client sends requests, each a line of words, in one piece. */
  async send(...lines: string[]): Promise<void> {
    await this.sendText(lines.map((line) => request(...line.split(" "))).join(""));
  }

  async sendText(text: string): Promise<void> {
    this.conn.send(text);
    await this.rest();
  }

  /** The client ends its side. */
  async end(): Promise<void> {
    this.conn.end();
    await this.rest();
  }

  /** Until nothing more happens. */
  async rest(): Promise<void> {
    const seen = () => this.redis.reduce((sum, one) => sum + one.reads + one.written.length, 0);
    const figures = () => `${this.conn.reads} ${this.conn.written.length} ${seen()}`;
    for (let quiet = 0, last = ""; quiet < 3; quiet++) {
      await settled();
      if (figures() !== last) quiet = 0;
      last = figures();
    }
  }

  /** Everything that the client has received. */
  get received(): string {
    return this.conn.written.join("");
  }

  /** The commands that Redis has got over all connections, without those of the proxy itself. */
  get executed(): string[] {
    return this.redis.flatMap(({ requests }) => requests)
      .filter((line) => !/^(COMMAND|CLIENT|CONFIG|INFO|SELECT 0|PING)/.test(line));
  }

  /** The connection over which Redis has got this command. */
  connectionOf(command: string): FakeRedis {
    const found = this.redis.find(({ requests }) => requests.includes(command));
    if (found === undefined) throw new Error(`Redis has not got ${command}: ${this.executed}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.conn.end();
    for (const redis of this.redis) redis.end();
    this.lanes.close();
    this.conn.close();
    await this.#served;
    this.#slow.stop();
  }
}
