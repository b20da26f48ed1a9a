// Pipelines of commands that pass to Redis in batches: every count around the size of a batch, with
// commands between them that cannot join one.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { slotOf } from "../../src/core/slot.ts";
import { type Cluster, startCluster } from "../../tools/cluster.ts";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, figure, peakOf, serving, until } from "../support/serving.ts";
import { random } from "../support/wire.ts";

const END = request("ECHO", "the end");
const ENDED = "$7\r\nthe end\r\n";

/** Commands that may join a batch; some fail in Redis. */
const JOINING = [
  ["SET", "s", "1"],
  ["INCR", "n"],
  ["APPEND", "s", "2"],
  ["GET", "s"],
  ["GET", "none"],
  ["MGET", "s", "n"],
  ["RPUSH", "l", "a", "b"],
  ["LRANGE", "l", "0", "-1"],
  ["HSET", "h", "f", "v"],
  ["HGETALL", "h"],
  ["INCR", "h"],
  ["SET", "s"],
  ["sEt", "s", "3", "NONSENSE"],
  ["MSET", "a", "1", "b", "2"],
  ["DEL", "a", "none"],
  ["SETRANGE", "big", "40000", "x"],
  ["GETRANGE", "big", "0", "20000"],
  ["EXISTS", "s", "s"],
].map((words) => request(...words));

/**
 * Commands that end a batch, and other bytes between two commands. In a cluster, none needs a
 * connection of its own: what follows there goes to one node.
 */
const OTHERS_IN_CLUSTER = [
  request("PING"),
  request("PUBLISH", "c", "m"),
  request("CLIENT", "GETNAME"),
  request("OBJECT", "ENCODING", "n"),
  request("FLUSHALL"),
  request("CLIENT", "SETNAME", "c"),
  "INCR n\r\n",
  "\r\n\r\n",
  "*0\r\n",
  "*-1\r\n",
];
const OTHERS = [
  ...OTHERS_IN_CLUSTER,
  request("NONSENSE", "s"),
  request("MULTI") + request("INCR", "n") + request("EXEC"),
  request("EVAL", "return redis.call('incr', 'n')", "0"),
  request("SELECT", "1"),
  request("SELECT", "0"),
];

/** The replies of a server to a pipeline that arrives in these pieces. */
async function replies(port: number, pieces: readonly string[]): Promise<string> {
  using client = await RawClient.connect(port);
  for (const piece of pieces) await client.send(piece);
  await client.send(END);
  return await client.until(ENDED);
}

/** Compares the replies of the proxy with those of a Redis that gets the same bytes. */
async function same(ports: readonly number[], pieces: readonly string[], what: string) {
  const [expected, got] = await Promise.all(ports.map((port) => replies(port, pieces)));
  assert(got === expected, `${what}: ${got!.slice(0, 300)} and not ${expected!.slice(0, 300)}`);
}

/** Compares pipelines of every length, with commands of all kinds. */
async function sameOfEveryLength(ports: readonly number[], others: readonly string[]) {
  const next = random(3);
  const oneOf = (all: readonly string[]) => all[Math.floor(next() * all.length)]!;
  for (let count = 1; count <= 200; count++) {
    if (count > 70 && (count + 3) % 32 > 6) continue;
    for (const often of [0, 0.03, 0.3]) {
      const commands = Array.from(
        { length: count },
        () => oneOf(next() < often ? others : JOINING),
      );
      await same(ports, [commands.join("")], `${count} commands in one piece`);
    }
  }
}

Deno.test("pipelines of every length, with all kinds of commands, get the same bytes as from Redis", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  await sameOfEveryLength([expected.port, it.port], OTHERS);
});

Deno.test("a pipeline gets its replies wherever it is cut", async () => {
  await using it = await serving();
  const pipeline = (key: string) =>
    request("SET", key, "1") + "*0\r\n" + request("INCR", key) + request("GET", key) +
    request("PING") + request("INCR", key) + request("NONSENSE") + request("DEL", key);
  const wanted =
    /^\+OK\r\n:2\r\n\$1\r\n2\r\n\+PONG\r\n:3\r\n-ERR [^\r]*\r\n:1\r\n\$7\r\nthe end\r\n$/;
  const { length } = pipeline("000");
  await Promise.all(Array.from({ length: length - 1 }, async (_, index) => {
    const text = pipeline(`${index}`.padStart(3, "0"));
    using client = await it.connect();
    await client.send(text.slice(0, index + 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await client.send(text.slice(index + 1) + END);
    assertMatch(await client.until(ENDED), wanted);
  }));
});

/** Compares pipelines with requests and replies around the sizes that matter. */
async function sameOfEverySize(ports: readonly number[]) {
  for (const size of [16 * 1024, 64 * 1024]) {
    const bare = request("SET", "k", "x".repeat(10_000)).length - 10_000;
    for (const off of [-bare - 40, -bare - 1, -bare, -bare + 1, -41, -1, 0, 1]) {
      const set = request("SET", "k", "x".repeat(size + off));
      const get = request("GETRANGE", "k", "0", "-1");
      await same(ports, [set + get + set + get + get], `${size + off} bytes`);
      await same(ports, [get + set + request("INCR", "n") + get], `${size + off} bytes`);
    }
  }
}

Deno.test("requests and replies around 16 and 64 KiB pass unchanged in a pipeline", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  await sameOfEverySize([expected.port, it.port]);
});

Deno.test("a protocol error behind a batch comes after its replies", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  for (const count of [1, 2, 31, 32, 33]) {
    const text = `${request("INCR", "n").repeat(count)}*1\r\n!\r\n${request("INCR", "n")}`;
    const [wanted, got] = await Promise.all([expected.port, it.port].map(async (port) => {
      using client = await RawClient.connect(port);
      await client.send(text);
      return await client.rest();
    }));
    assertEquals(got, wanted);
  }
});

Deno.test("without Redis, each command of a pipeline or a transaction gets its own error", async () => {
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port);
  await ask(proxy.port, "INCR", "n");
  await redis[Symbol.asyncDispose]();
  using client = await RawClient.connect(proxy.port);
  const away = /-ORIGINDOWN [^\r]*\r\n/g;
  const transaction = request("MULTI") + request("INCR", "n") + request("EXEC");
  for (const [text, count] of [[request("INCR", "n").repeat(40), 40], [transaction, 3]] as const) {
    await client.send(text + END);
    const got = await client.until(ENDED);
    assertEquals(got.match(away)?.length, count, got);
    assertEquals(got.replaceAll(away, ""), ENDED);
  }
});

Deno.test("every command of a batch is counted", async () => {
  await using it = await serving();
  using client = await it.connect();
  await client.exchange(request("SET", "n", "0"), 5);
  const before = await figure(it.port, "proxy_commands_passed");
  const requests = await figure(it.port, "proxy_requests");
  await client.exchange(request("INCRBY", "n", "0").repeat(50), 4 * 50);
  // What asks for a figure is counted too.
  assert(await figure(it.port, "proxy_commands_passed") - before >= 50);
  assert(await figure(it.port, "proxy_requests") - requests >= 50);
});

Deno.test("after the replies to a batch, no client reads an older value of its keys", async () => {
  await using it = await serving();
  using writer = await it.connect();
  using reader = await it.connect();
  const keys = Array.from({ length: 70 }, (_, index) => `key${index}`.padEnd(6));
  const gets = keys.map((key) => request("GET", key)).join("");
  for (let round = 0; round < 50; round++) {
    const value = `${round}`.padEnd(3);
    const sets = keys.map((key) => request("SET", key, value)).join("");
    await writer.exchange(sets, 5 * keys.length);
    const wanted = `$3\r\n${value}\r\n`.repeat(keys.length);
    // Twice: from Redis, and from the cache.
    for (const _ of [1, 2]) assertEquals(await reader.exchange(gets, wanted.length), wanted);
  }
});

Deno.test("a client that reads no replies to batches costs bounded memory, and others go on", async () => {
  await using it = await serving(["--reply-memory", "4194304"]);
  await it.ask("SET", "k", "x".repeat(30_000));
  const before = await peakOf(it.proxy.process.pid);
  using deaf = await it.connect();
  // Replies of 240 MB.
  const sending = deaf.send(request("GETRANGE", "k", "0", "-1").repeat(8000)).catch(() => {});
  using other = await it.connect();
  for (let count = 1; count <= 500; count++) {
    assertEquals(
      await other.exchange(request("INCR", "n"), `${count}`.length + 3),
      `:${count}\r\n`,
    );
  }
  const growth = await peakOf(it.proxy.process.pid) - before;
  assert(growth < 60_000_000, `${growth} bytes`);
  deaf.close();
  await sending;
});

/** Moves the keys of a slot to another master, with all commands between the steps. */
async function moveSlot(cluster: Cluster, tag: string, steps: (() => Promise<void>)[]) {
  const slot = slotOf(tag);
  const number = Math.floor(slot * 3 / 16384);
  const source = cluster.masters[number]!;
  const target = cluster.masters[(number + 1) % 3]!;
  const keys = async () => await source.call("CLUSTER", "GETKEYSINSLOT", `${slot}`, "100");
  const migrate = async (share: number) => {
    const all = await keys() as string[];
    for (const key of all.slice(0, Math.ceil(all.length * share))) {
      await source.call("MIGRATE", "127.0.0.1", `${target.port}`, key, "0", "5000");
    }
  };
  await target.call("CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", source.id);
  await source.call("CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", target.id);
  await migrate(0.5);
  await steps[0]!();
  await migrate(1);
  await steps[1]!();
  for (const { call } of [target, source, ...cluster.masters]) {
    await call("CLUSTER", "SETSLOT", `${slot}`, "NODE", target.id);
  }
  await steps[2]!();
}

Deno.test("in front of a cluster", async (t) => {
  await using expected = await startRedisServer();
  await using cluster = await startCluster({ replicas: 0 });
  await using proxy = await startProxy(null, ["--redis-url", cluster.url]);
  await until(async () => await figure(proxy.port, "cluster_nodes_confirmed") === 3);
  const ports = [expected.port, proxy.port];

  await t.step("pipelines of every length get the same bytes as from Redis", async () => {
    await sameOfEveryLength(ports, OTHERS_IN_CLUSTER);
  });

  await t.step("requests and replies around 16 and 64 KiB pass unchanged", async () => {
    await sameOfEverySize(ports);
  });

  await t.step("the commands of a pipeline reach each master in few writes", async () => {
    const keys = Array.from({ length: 96 }, (_, index) => `few:${index}`);
    using client = await RawClient.connect(proxy.port);
    const pipeline = keys.map((key) => request("SET", key, "1")).join("");
    const reads = async () => {
      const all = cluster.masters.map(({ call }) => call("INFO", "stats"));
      const texts = (await Promise.all(all)).map(String);
      return texts.map((text) => Number(/total_reads_processed:(\d+)/.exec(text)?.[1]));
    };
    await client.exchange(pipeline, 5 * keys.length);
    const before = await reads();
    await client.exchange(pipeline, 5 * keys.length);
    const after = await reads();
    // The probes of the proxy and INFO itself are read as well.
    for (const [index, count] of after.entries()) assert(count - before[index]! < 20, `${count}`);
  });

  await t.step("a slot moves: each key has the commands of a pipeline in their order", async () => {
    const keys = Array.from({ length: 10 }, (_, index) => `{move}${index}`);
    const next = random(5);
    const commands = (count: number) =>
      Array.from({ length: count }, (_, index) => {
        const key = keys[Math.floor(next() * keys.length)]!;
        const others = ["s", "l", "h"].map((other) => request("APPEND", `o${other}`, `${index},`));
        const own = next() < 0.2 ? request("DEL", key) : request("APPEND", key, `${index},`);
        return own + others[index % 3]!;
      }).join("");
    const step = async () => {
      for (const count of [1, 2, 15, 16, 17, 33]) {
        const text = commands(count);
        const whole = keys.map((key) => request("GETRANGE", key, "0", "-1")).join("");
        await same(ports, [text + whole], `${count} commands during the move`);
      }
    };
    await step();
    await moveSlot(cluster, "move", [step, step, step]);
  });

  await t.step("after the replies to a batch, no client reads an older value", async () => {
    using writer = await RawClient.connect(proxy.port);
    using reader = await RawClient.connect(proxy.port);
    const keys = Array.from({ length: 70 }, (_, index) => `key${index}`.padEnd(6));
    const gets = keys.map((key) => request("GET", key)).join("");
    for (let round = 0; round < 30; round++) {
      const value = `${round}`.padEnd(3);
      const sets = keys.map((key) => request("SET", key, value)).join("");
      await writer.exchange(sets, 5 * keys.length);
      const wanted = `$3\r\n${value}\r\n`.repeat(keys.length);
      for (const _ of [1, 2]) assertEquals(await reader.exchange(gets, wanted.length), wanted);
    }
  });

  await t.step("a frozen master delays no reply that comes before its own", async () => {
    const [before, frozen] = ["a", "b"].map((tag) => `{${tag}}frozen`) as [string, string];
    const { server } = cluster.masters[Math.floor(slotOf(frozen) * 3 / 16384)]!;
    assert(Math.floor(slotOf(before) * 3 / 16384) !== Math.floor(slotOf(frozen) * 3 / 16384));
    using client = await RawClient.connect(proxy.port);
    await client.exchange(request("SET", before, "1") + request("SET", frozen, "1"), 10);
    server.kill("SIGSTOP");
    try {
      const increments = [before, frozen, before].map((key) => request("INCR", key)).join("");
      assertEquals(await client.exchange(increments, 4), ":2\r\n");
    } finally {
      server.kill("SIGCONT");
    }
    assertEquals(await client.text(8), ":2\r\n:3\r\n");
  });

  await t.step("a client that reads no replies to batches costs bounded memory", async () => {
    const args = ["--redis-url", cluster.url, "--reply-memory", "4194304"];
    await using small = await startProxy(null, args);
    await until(async () => await ask(small.port, "SET", "k", "x".repeat(30_000)) === "+OK");
    await ask(small.port, "SET", "j", "x".repeat(30_000));
    const peak = await peakOf(small.process.pid);
    using deaf = await RawClient.connect(small.port);
    const both = request("GETRANGE", "k", "0", "-1") + request("GETRANGE", "j", "0", "-1");
    const sending = deaf.send(both.repeat(4000)).catch(() => {});
    using other = await RawClient.connect(small.port);
    for (let count = 1; count <= 300; count++) {
      const reply = `:${count}\r\n`;
      assertEquals(await other.exchange(request("INCR", "deaf"), reply.length), reply);
    }
    const growth = await peakOf(small.process.pid) - peak;
    assert(growth < 60_000_000, `${growth} bytes`);
    deaf.close();
    await sending;
  });
});
