/**
 * Reads of several keys at once, with every possible number of misses. The variable
 * RP_TEST_COUNTS=all tries every number up to the largest, which takes minutes.
 */
import { assert } from "@std/assert";
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask } from "../support/serving.ts";
import { random } from "../support/wire.ts";

const MOST = 1300;
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NIL = "$-1\r\n";
const bulk = (value: string) => `$${value.length}\r\n${value}\r\n`;

/** A key with the reply of Redis to GET. */
interface Known {
  readonly key: string;
  readonly reply: string;
}

/** The keys that the proxy never caches, so that each read of them is a miss. */
const POLICY = ["--policy", "cold:*=off"];

/**
 * One key in this many has a large value, which is read separately. It costs as much as a thousand
 * others.
 */
const LARGE_EVERY = 400;
const LARGE_COUNTS = 16;

/** Stores keys of every kind in a Redis. */
async function seed({ port }: RedisServer) {
  const commands: string[] = [];
  const known = (key: string, at: number): Known => {
    if (at % LARGE_EVERY === 3) {
      const value = `${at}:`.repeat(300_000 / 4);
      commands.push(request("SET", key, value));
      return { key, reply: bulk(value) };
    }
    switch (at % 5) {
      case 0:
        commands.push(request("SET", key, ""));
        return { key, reply: bulk("") };
      case 1:
        commands.push(request("HSET", key, "field", "value"));
        return { key, reply: WRONG_TYPE };
      case 2:
        commands.push(request("SET", key, `value ${at}`));
        return { key, reply: bulk(`value ${at}`) };
      default:
        return { key, reply: NIL };
    }
  };
  const hot = Array.from({ length: 200 }, (_, at) => known(`hot:${at}`, at + 5));
  const cold = Array.from({ length: MOST }, (_, at) => known(`cold:${at}`, at));
  using client = await RawClient.connect(port);
  await client.send(commands.join("") + request("ECHO", "all stored"));
  await client.until("all stored\r\n");
  return { hot, cold };
}

/** Whether to try a count: the low ones, those around the sizes of batches, and a few others. */
function isTried(count: number): boolean {
  if (Deno.env.get("RP_TEST_COUNTS") === "all") return true;
  const beside = (count + 2) % 128;
  return count <= 300 || beside <= 4 || count % 61 === 0;
}

/** The keys of one request: this many misses, and others that may be cached, in any order. */
function* requests({ hot, cold }: { hot: Known[]; cold: Known[] }): Generator<Known[]> {
  const next = random(1);
  for (let misses = 1; misses <= MOST; misses++) {
    if (!isTried(misses)) continue;
    // Uses large values only for some counts.
    const all = misses % LARGE_COUNTS === 0 ? cold : cold.filter(({ reply }) => reply.length < 100);
    const start = Math.floor(next() * all.length);
    const keys = Array.from({ length: misses }, (_, at) => all[(start + at) % all.length]!);
    const cached = Math.floor(next() * 20);
    for (let at = 0; at < cached; at++) {
      const one = hot[Math.floor(next() * hot.length)]!;
      keys.splice(Math.floor(next() * (keys.length + 1)), 0, one);
    }
    yield keys;
  }
}

/** Sends a request for each count, and compares the replies. */
async function tryAll(
  port: number,
  counts: Iterable<Known[]>,
  write: (keys: string[]) => string,
  replyOf: (replies: string[]) => string,
): Promise<void> {
  using client = await RawClient.connect(port);
  for (const known of counts) {
    const wanted = replyOf(known.map(({ reply }) => reply));
    const sent = write(known.map(({ key }) => key)) + request("PING");
    const got = await client.exchange(sent, wanted.length + 7);
    assert(got === `${wanted}+PONG\r\n`, `${known.length} keys: ${got.slice(0, 200)}`);
  }
}

/** The commands that Redis forbids, so that the proxy reads keys in each possible way. */
const FORBIDDEN = {
  "tracked": "",
  "untracked": "-client|tracking",
  "without scripts": "-@scripting",
};

for (const [mode, forbidden] of Object.entries(FORBIDDEN)) {
  for (
    const [what, write, replyOf] of [
      ["MGET", (keys: string[]) => request("MGET", ...keys), (replies: string[]) => {
        const values = replies.map((reply) => reply === WRONG_TYPE ? NIL : reply);
        return `*${values.length}\r\n${values.join("")}`;
      }],
      [
        "EXISTS",
        (keys: string[]) => request("EXISTS", ...keys),
        (replies: string[]) => `:${replies.filter((reply) => reply !== NIL).length}\r\n`,
      ],
      [
        "a pipeline of GETs",
        (keys: string[]) => keys.map((key) => request("GET", key)).join(""),
        (replies: string[]) => replies.join(""),
      ],
    ] as const
  ) {
    Deno.test(`${what} of up to ${MOST} misses, with some hits, answers as Redis does, ${mode}`, async () => {
      await using redis = await startRedisServer();
      const known = await seed(redis);
      if (forbidden !== "") await ask(redis.port, "ACL", "SETUSER", "default", forbidden);
      await using proxy = await startProxy(redis.port, POLICY);
      await tryAll(proxy.port, requests(known), write, replyOf);
    });
  }
}
