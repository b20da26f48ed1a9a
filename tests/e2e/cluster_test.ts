/** A cluster behind the proxy: clients see one Redis, and what they read is at most a lease old. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { slotOf, SLOTS } from "../../src/core/slot.ts";
import { type Cluster, type ClusterServer, startCluster } from "../../tools/cluster.ts";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { pause } from "../support/failover.ts";
import { adminPortOf, COMMAND, type RunningProxy, startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { ask, curl, figure, redisCli, run, until } from "../support/serving.ts";

const LEASE = 1000;

/** Starts a proxy in front of a cluster, and waits until all masters are connected and confirmed. */
function before(cluster: Cluster, ...args: string[]): Promise<RunningProxy> {
  return withLease(LEASE, cluster, ...args);
}

async function withLease(
  lease: number,
  cluster: Cluster,
  ...args: string[]
): Promise<RunningProxy> {
  const all = ["--redis-url", cluster.url, "--lease", `${lease}ms`, ...args];
  const proxy = await startProxy(null, all);
  await until(async () =>
    await figure(proxy.port, "cluster_nodes_confirmed") === cluster.masters.length
  );
  return proxy;
}

/** A key in a slot of each master. */
function keysOf(cluster: Cluster): string[] {
  const share = SLOTS / cluster.masters.length;
  return cluster.masters.map((_, index) => {
    for (let at = 0;; at++) {
      if (Math.floor(slotOf(`key:${at}`) / share) === index) return `key:${at}`;
    }
  });
}

Deno.test("in front of a cluster with replicas", async (t) => {
  await using cluster = await startCluster();
  await using proxy = await before(cluster);
  const [a, b, c] = keysOf(cluster) as [string, string, string];
  const { replicas } = cluster;

  await t.step(
    "WAIT counts the replicas of all masters that its client has written to",
    async () => {
      using client = await RawClient.connect(proxy.port);
      const say = async (...words: string[]) => {
        await client.send(request(...words));
        return await client.until("\r\n");
      };
      assertEquals(await say("WAIT", "1", "5000"), ":1\r\n"); // Nothing is written yet.
      for (const [key, index] of [[a, 0], [b, 1]] as const) {
        await client.send(request("SET", key, "x") + request("WAIT", "1", "5000"));
        assertEquals(await client.text(9), "+OK\r\n:1\r\n");
        assertEquals(await replicas[index]!.call("READONLY"), "OK");
        assertMatch(String(await replicas[index]!.call("INFO", "keyspace")), /keys=1/);
      }
      replicas[1]!.server.kill("SIGSTOP");
      await client.send(request("SET", b, "not there") + request("WAIT", "1", "100"));
      assertEquals(await client.text(9), "+OK\r\n:0\r\n");
      // Another client has not written there.
      using other = await RawClient.connect(proxy.port);
      await other.send(request("SET", c, "x") + request("WAIT", "1", "5000"));
      assertEquals(await other.text(9), "+OK\r\n:1\r\n");
      await client.send(request("SET", c, "x") + request("WAIT", "1", "0"));
      assertEquals(await client.text(5), "+OK\r\n");
      replicas[1]!.server.kill("SIGCONT");
      assertEquals(await client.text(4), ":1\r\n");
      assertEquals(await say("WAIT", "2", "100"), ":1\r\n");
      assertEquals(await say("WAIT", "x", "0"), "-ERR value is not an integer or out of range\r\n");
      assertEquals(await say("WAIT", "1", "-1"), "-ERR timeout is negative\r\n");
      assertMatch(await say("WAIT", "1"), /^-ERR wrong number of arguments/);
    },
  );

  // Nobody reads through this one, so its links rest.
  await using quiet = await withLease(300, cluster);
  await until(async () => await figure(quiet.port, "cluster_nodes_resting") === 2);
  const isMaster = async ({ call }: ClusterServer) =>
    (await call("ROLE") as unknown[])[0] === "master";

  await t.step("notifications come from the new master after a failover", async () => {
    const [old, next] = [cluster.masters[1]!, replicas[1]!];
    using events = await RawClient.connect(proxy.port);
    await events.send(request("SUBSCRIBE", `__keyspace@0__:${b}`));
    await events.until(":1\r\n");
    await next.call("CLUSTER", "FAILOVER");
    await until(() => isMaster(next));
    await next.call("CONFIG", "SET", "notify-keyspace-events", "K$");
    const listensTo = async ({ call }: ClusterServer) =>
      String(await call("CLIENT", "LIST")).includes("redis-proxy-events");
    await until(async () => await listensTo(next) && !await listensTo(old));
    await ask(proxy.port, "SET", b, "x");
    assertStringIncludes(await events.until("set\r\n"), `__keyspace@0__:${b}`);
  });

  await t.step("masters that nobody reads from rest again after a failover", async () => {
    // The demoted one, which is not left yet, rests too.
    await until(async () => await figure(quiet.port, "cluster_nodes_resting") === 3);
  });

  await t.step("a proxy that nobody reads from knows the new masters all the same", async () => {
    cluster.masters[2]!.server.kill("SIGKILL");
    await until(() => isMaster(replicas[2]!), 15_000);
    const keys = Array.from({ length: 30 }, (_, index) => `k:${index}`);
    await until(async () => await ask(quiet.port, "SET", c, c) === "+OK", 2000);
    for (const key of keys) assertEquals(await ask(quiet.port, "SET", key, key), "+OK");
    // A link may be about to be opened again: its node refused keys while the cluster was down.
    for (const key of keys) {
      await until(async () => await redisCli(quiet.port, "GET", key) === `${key}\n`, 2000);
    }
    assertEquals(await redisCli(quiet.port, "DBSIZE"), await redisCli(proxy.port, "DBSIZE"));
  });
});

Deno.test("in front of one cluster", async (t) => {
  await using cluster = await startCluster({ replicas: 0 });
  const [first] = cluster.url.split(",") as [string];

  await t.step(
    "clients see one Redis: commands with keys of one slot, of several, and of none",
    async () => {
      await using proxy = await before(cluster);
      const [a, b, c] = keysOf(cluster) as [string, string, string];
      const cli = async (...words: string[]) => (await redisCli(proxy.port, ...words)).trim();
      assertEquals(await cli("MSET", a, "1", b, "2", c, "3"), "OK");
      assertEquals(await cli("MGET", c, a, "missing", b), "3\n1\n\n2");
      assertEquals(await cli("EXISTS", a, b, c, "missing"), "3");
      assertEquals(await cli("TOUCH", a, "missing", c), "2");
      assertEquals(await cli("DBSIZE"), "3");
      assertEquals((await cli("KEYS", "key:*")).split("\n").sort(), [a, b, c].sort());
      assertEquals((await cli("--scan")).split("\n").sort(), [a, b, c].sort());
      assertEquals(await cli("DEL", a, "missing", b), "2");
      assertEquals(await cli("UNLINK", c), "1");
      assertEquals(await cli("RPUSH", "{tag}l", "x"), "1");
      assertEquals(await cli("RPOPLPUSH", "{tag}l", "{tag}m"), "x");
      assertMatch(await cli("RENAME", a, b), /^CROSSSLOT /);
      assertMatch(await cli("MSETNX", a, "1", b, "2"), /^CROSSSLOT /);
      assertEquals(
        await cli("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", b, "9"),
        "OK",
      );
      assertEquals(await cli("GET", b), "9");
      const sha = await cli("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])");
      for (const [key, value] of [[a, ""], [b, "9"], [c, ""]]) {
        assertEquals(await cli("EVALSHA", sha, "1", key!), value);
      }
      assertEquals(await cli("SCRIPT", "EXISTS", sha, "0".repeat(40)), "1\n0");
      // A large one reaches all nodes, too.
      const large = await cli("SCRIPT", "LOAD", `return 1 --${"x".repeat(100_000)}`);
      assertEquals(await cli("SCRIPT", "EXISTS", large), "1");
      assertEquals(await cli("FLUSHALL"), "OK");
      assertEquals(await cli("GET", b), "");
      assertEquals(await cli("DBSIZE"), "0");
    },
  );

  await t.step(
    "masters that nobody reads from rest: the next read wakes them, and slots are followed",
    async () => {
      const lease = 300;
      await using proxy = await withLease(lease, cluster, "--cache-timeout", "1s");
      const resting = () => figure(proxy.port, "cluster_nodes_resting");
      await until(async () => await resting() === 2); // One tells of changes.
      const keys = keysOf(cluster);
      for (const [index, key] of keys.entries()) {
        const { call } = cluster.masters[index]!;
        await call("SET", key, "old");
        assertEquals(await redisCli(proxy.port, "GET", key), "old\n");
        // It is watched again, and named as a master, so reads are hits.
        const hits = () => figure(proxy.port, "cache_hits");
        await until(async () => {
          const before = await hits();
          assertEquals(await redisCli(proxy.port, "GET", key), "old\n");
          return await hits() === before + 1;
        });
        await call("SET", key, "new");
        await pause(20);
        assertEquals(await redisCli(proxy.port, "GET", key), "new\n");
      }
      await until(async () => await resting() === 2);
      const [first, second] = cluster.masters as [ClusterServer, ClusterServer];
      const slotsOf = async ({ port }: ClusterServer) =>
        new RegExp(`:${port},state=up,slots=(\\d+)`).exec(await redisCli(proxy.port, "INFO"))?.[1];
      const before = Number(await slotsOf(second));
      for (const [to, count] of [[second, before + 1], [first, before]] as const) {
        for (const { call } of [to, ...cluster.masters]) {
          await call("CLUSTER", "SETSLOT", "0", "NODE", to.id);
        }
        const since = performance.now();
        await until(async () => Number(await slotsOf(second)) === count);
        assert(performance.now() - since < 3000, "a slot was followed late");
      }
    },
  );

  await t.step("a large scan finds every key once, whatever node it is on", async () => {
    await using proxy = await before(cluster);
    using client = await RawClient.connect(proxy.port);
    const names = Array.from({ length: 1000 }, (_, index) => `scan:${index}`);
    await client.send(names.map((name) => request("SET", name, "x")).join(""));
    assertEquals(await client.text(5 * names.length), "+OK\r\n".repeat(names.length));
    const found = (await redisCli(proxy.port, "--scan", "--pattern", "scan:*")).trim().split("\n");
    assertEquals(new Set(found), new Set(names));
  });

  await t.step(
    "transactions, blocked clients and subscribers get a connection to the node of their keys",
    async () => {
      await using proxy = await before(cluster);
      const [a, b, c] = keysOf(cluster) as [string, string, string];
      for (const key of [a, b, c]) {
        using client = await RawClient.connect(proxy.port);
        // In one piece.
        const piece = request("MULTI") + request("SET", key, "1") + request("INCR", key) +
          request("EXEC");
        await client.send(piece);
        assertEquals(
          await client.until(":2\r\n"),
          "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n",
        );
        // Step by step, with WATCH and without.
        const say = async (...words: string[]) => {
          await client.send(request(...words));
          return await client.until("\r\n");
        };
        assertEquals(await say("WATCH", key), "+OK\r\n");
        assertEquals(await say("MULTI"), "+OK\r\n");
        assertEquals(await say("INCR", key), "+QUEUED\r\n");
        await client.send(request("EXEC"));
        assertEquals(await client.until(":3\r\n"), "*1\r\n:3\r\n");
        assertEquals(await say("MULTI"), "+OK\r\n");
        assertEquals(await say("INCR", key), "+QUEUED\r\n");
        await client.send(request("EXEC"));
        assertEquals(await client.until(":4\r\n"), "*1\r\n:4\r\n");
        // The first key says where a transaction belongs.
        using fresh = await RawClient.connect(proxy.port);
        await fresh.send(request("MULTI"));
        assertEquals(await fresh.until("\r\n"), "+OK\r\n");
        await fresh.send(request("INCR", key) + request("GET", key) + request("EXEC"));
        const wanted = "+QUEUED\r\n+QUEUED\r\n*2\r\n:5\r\n$1\r\n5\r\n";
        assertEquals(await fresh.text(wanted.length), wanted);
        // Blocked, on a list of each node in turn.
        for (const list of [a, b, c].map((one) => `{${one}}:list`)) {
          await client.send(request("BLPOP", list, "0"));
          await until(async () => (await ask(proxy.port, "RPUSH", list, "job")) !== "");
          await client.until("job\r\n");
          await ask(proxy.port, "DEL", list);
        }
      }
      using two = await RawClient.connect(proxy.port);
      await two.send(
        request("MULTI") + request("SET", a, "1") + request("SET", b, "1") + request("EXEC"),
      );
      assertMatch(await two.until("same slot\r\n"), /-EXECABORT .*CROSSSLOT/);
      using subscriber = await RawClient.connect(proxy.port);
      await subscriber.send(request("SUBSCRIBE", "news"));
      await subscriber.until(":1\r\n");
      assertEquals(await ask(cluster.masters[2]!.port, "PUBLISH", "news", "hello"), ":0");
      assertStringIncludes(await subscriber.until("hello\r\n"), "message");
      for (const channel of [a, b, c]) {
        using sharded = await RawClient.connect(proxy.port);
        await sharded.send(request("SSUBSCRIBE", channel));
        await sharded.until(":1\r\n");
        assertEquals(await ask(proxy.port, "SPUBLISH", channel, "hi"), ":1");
        await sharded.until("hi\r\n");
      }
    },
  );

  await t.step(
    "a transaction sent one by one ends as at one Redis, whatever comes before its first key",
    async () => {
      await using proxy = await before(cluster);
      const conversation = async (...commands: string[]) => {
        using client = await RawClient.connect(proxy.port);
        const replies: string[] = [];
        for (const command of commands) {
          await client.send(request(...command.split(" ")));
          const line = await client.until("\r\n");
          replies.push(/^\*[1-9]/.test(line) ? line + await client.until("+OK\r\n") : line);
        }
        return replies.map((one) => one.trim());
      };
      for (const key of keysOf(cluster)) {
        await ask(proxy.port, "DEL", key);
        // Redis refuses to queue these, so it executes nothing.
        for (const bad of ["NOSUCH x", "INCR", "CONFIG x", "GET"]) {
          const replies = await conversation("MULTI", bad, `SET ${key} 1`, "EXEC", `HLEN ${key}`);
          const [begun, refused, queued, ended, length] = replies as [string, ...string[]];
          assertEquals([begun, queued, length], ["+OK", "+QUEUED", ":0"]);
          assertMatch(refused!, /^-ERR /);
          assertEquals(ended, "-EXECABORT Transaction discarded because of previous errors.");
        }
        // This one ends no transaction.
        const nested = await conversation("MULTI", "MULTI", `SET ${key} 1`, "EXEC");
        assertMatch(nested[1]!, /^-ERR MULTI/);
        assertEquals(nested.slice(2), ["+QUEUED", "*1\r\n+OK"]);
        // These have no key, so they go along to the node of the first one.
        for (
          const [first, reply] of [["PING", "+PONG"], ["ECHO x", "$1\r\nx"], ["PUBLISH x y", ":0"]]
        ) {
          const commands = ["MULTI", first!, first!, `SET ${key} 1`, "EXEC", "ECHO"];
          const [, one, two, three, ended, next] = await conversation(...commands);
          assertEquals([one, two, three], ["+QUEUED", "+QUEUED", "+QUEUED"]);
          assertEquals(ended, `*3\r\n${reply}\r\n${reply}\r\n+OK`);
          assertMatch(next!, /^-ERR wrong number/);
        }
      }
    },
  );

  await t.step(
    "commands behind one that has used a connection of its own reach all nodes again",
    async () => {
      await using proxy = await before(cluster);
      const [a, b, c] = keysOf(cluster) as [string, string, string];
      const big = "x".repeat(64 * 1024);
      const sha = "1fa00e76656cc152ad327c13fe365858fd7be306";
      const befores: [words: string[][], replies: RegExp][] = [
        [[["SET", `{${b}}:big`, big]], /^\+OK\r\n/],
        [[["BLPOP", `{${a}}:none`, "0.01"]], /^\*-1\r\n/],
        [[["NOSUCH"]], /^-ERR unknown command [^\r]+\r\n/],
        [[["UNWATCH"]], /^\+OK\r\n/],
        [[["EXEC"]], /^-ERR EXEC without MULTI\r\n/],
        [[["CLIENT", "CACHING", "YES"]], /^-ERR [^\r]+\r\n/],
        [
          [["WATCH", "{l}"], ["MULTI"], ["HLEN", "{l}"], ["EXEC"]],
          /^\+OK\r\n\+OK\r\n\+QUEUED\r\n\*1\r\n:0\r\n/,
        ],
        [
          [["SUBSCRIBE", "news"], ["UNSUBSCRIBE", "news"]],
          /^\*3\r\n[^:]+:1\r\n\*3\r\n[^:]+:0\r\n/,
        ],
      ];
      const behind = [
        [["SCRIPT", "LOAD", "return 42"], `$40\r\n${sha}\r\n`],
        ...[a, b, c].map((key) => [["EVALSHA", sha, "1", key], ":42\r\n"]),
        [["MSET", a, "1", b, "2"], "+OK\r\n"],
        [["MGET", b, a, c], "*3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3\r\n"],
        [["CLIENT", "SETNAME", "n"], "+OK\r\n"],
        ...[a, b, c].map((key) => [["SET", key, "1"], "+OK\r\n"]),
        ...[a, b, c].map((key) => [["GET", key], "$1\r\n1\r\n"]),
        [["CLIENT", "GETNAME"], "$1\r\nn\r\n"],
        [["DEL", a, b], ":2\r\n"],
        [["RENAME", a, b], "-CROSSSLOT Keys in request don't hash to the same slot\r\n"],
        [["FLUSHALL"], "+OK\r\n"],
      ] as [string[], string][];
      const alone = "-ERR This instance has cluster support disabled\r\n";
      behind.unshift([["CLUSTER", "NODES"], alone]);
      for (const [words, replies] of befores) {
        const first = words.map((one) => request(...one)).join("");
        const name = words.map((one) => one[0]).join(" ");
        await redisCli(proxy.port, "SCRIPT", "FLUSH");
        await redisCli(proxy.port, "MSET", a, "0", b, "0", c, "3");
        using client = await RawClient.connect(proxy.port);
        const count = request("DBSIZE") + request("PING");
        await client.send(behind.map(([one]) => first + request(...one)).join("") + count);
        let got = await client.until("+PONG\r\n");
        for (const [one, reply] of behind) {
          assertMatch(got, replies, name);
          got = got.replace(replies, "");
          assertEquals(got.slice(0, reply.length), reply, `${name}; ${one}`);
          got = got.slice(reply.length);
        }
        assertEquals(got, ":0\r\n+PONG\r\n", name);
      }
    },
  );

  await t.step("keyspace notifications come from all masters, each once", async () => {
    await using proxy = await before(cluster);
    assertEquals(
      await redisCli(proxy.port, "CONFIG", "SET", "notify-keyspace-events", "KEA"),
      "OK\n",
    );
    const keys = keysOf(cluster);
    const [a] = keys as [string];
    for (const version of ["2", "3"]) {
      const mark = version === "3" ? ">" : "*";
      const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
      using client = await RawClient.connect(proxy.port);
      await client.send(request("HELLO", version) + request("ECHO", "greeted"));
      await client.until("greeted\r\n");
      await client.send(request("SUBSCRIBE", "news", `__keyspace@0__:${a}`));
      await client.until(":2\r\n");
      await client.send(request("PSUBSCRIBE", "__keyevent@0__:s*t"));
      await client.until(":3\r\n");
      for (const key of keys) {
        await ask(proxy.port, "SET", key, "x");
        if (key === a) {
          const channel = `__keyspace@0__:${a}`;
          const wanted = `${mark}3\r\n${bulk("message")}${bulk(channel)}${bulk("set")}`;
          assertEquals(await client.text(wanted.length), wanted);
        }
        const channel = "__keyevent@0__:set";
        const wanted = `${mark}4\r\n${bulk("pmessage")}${bulk("__keyevent@0__:s*t")}${
          bulk(channel)
        }${bulk(key)}`;
        assertEquals(await client.text(wanted.length), wanted);
      }
      // Other messages come once, too.
      assertEquals(await ask(proxy.port, "PUBLISH", "news", "hello"), ":1");
      const news = `${mark}3\r\n${bulk("message")}${bulk("news")}${bulk("hello")}`;
      assertEquals(await client.text(news.length), news);
      // A subscription ends at all masters.
      await client.send(request("PUNSUBSCRIBE"));
      await client.until(":2\r\n");
      for (const key of keys) await ask(proxy.port, "SET", key, "y");
      await ask(proxy.port, "PUBLISH", "news", "end");
      assertEquals((await client.until("end\r\n")).match(/message/g)!.length, 2);
    }
    // Without subscribers, nobody listens.
    const listening = async () =>
      (await redisCli(proxy.port, "CLIENT", "LIST")).includes("redis-proxy-events");
    await until(async () => !await listening());
    assertEquals(await redisCli(proxy.port, "CONFIG", "SET", "notify-keyspace-events", ""), "OK\n");
  });

  await t.step("a script that runs for ever at one node holds up no other client", async () => {
    await using proxy = await before(cluster);
    const [key, elsewhere] = keysOf(cluster).map((one) => `{${one}}:slow`) as [string, string];
    const { call } = cluster.masters[0]!;
    assertEquals(await call("CONFIG", "SET", "busy-reply-threshold", "10"), "OK");
    using slow = await RawClient.connect(proxy.port);
    using other = await RawClient.connect(proxy.port);
    await slow.send(request("EVAL", "while true do end", "1", key));
    await until(async () => String(await call("GET", key).catch(String)).includes("BUSY"));
    await other.send(request("HLEN", key));
    assertMatch(await other.until("\r\n"), /^-BUSY /);
    await other.send(request("APPEND", key, "x") + request("DEL", elsewhere));
    assertMatch(await other.until(":0\r\n"), /^-BUSY [^\r]+\r\n:0\r\n$/);
    await slow.send(request("APPEND", key, "x") + request("HLEN", elsewhere));
    assertEquals(await call("SCRIPT", "KILL"), "OK");
    assertMatch(await slow.until("\r\n"), /Script killed/);
    assertEquals(await slow.text(8), ":1\r\n:0\r\n");
    assertEquals(await ask(proxy.port, "DEL", key), ":1");
  });

  await t.step("a reply of many nodes is whole, however long it is", async () => {
    await using proxy = await before(cluster);
    using client = await RawClient.connect(proxy.port);
    const names = Array.from({ length: 3000 }, (_, at) => `long:${at}:${"x".repeat(100)}`);
    await client.send(names.map((name) => request("SET", name, name)).join(""));
    assertEquals(await client.text(5 * names.length), "+OK\r\n".repeat(names.length));
    const keys = (await redisCli(proxy.port, "KEYS", "long:*")).trim().split("\n");
    assertEquals(new Set(keys).size, names.length);
    // After a write, a read takes the way of the write.
    const read = request("SET", "k", "x") + request("MGET", ...names) + request("PING");
    await client.send(read);
    const reply = names.map((name) => `$${name.length}\r\n${name}\r\n`).join("");
    assertEquals(await client.until("+PONG\r\n"), `+OK\r\n*${names.length}\r\n${reply}+PONG\r\n`);
    assertEquals(await redisCli(proxy.port, "DEL", ...names), `${names.length}\n`);
  });

  await t.step(
    "CLIENT LIST, KILL and UNBLOCK reach every client, whatever node its connection leads to",
    async () => {
      await using proxy = await before(cluster);
      const { port } = proxy;
      const keys = keysOf(cluster);
      const idOf = async (client: RawClient) => {
        await client.send(request("CLIENT", "ID"));
        return (await client.until("\r\n")).slice(1).trim();
      };
      const lineOf = async (id: string) =>
        (await redisCli(port, "CLIENT", "LIST", "ID", id)).trim();
      const blocked = await Promise.all(keys.map(async (key) => {
        const client = await RawClient.connect(port);
        const id = await idOf(client);
        await client.send(request("BLPOP", `{${key}}:none`, "0"));
        await until(async () => (await lineOf(id)).includes("cmd=blpop"));
        return { client, id };
      }));
      using plain = await RawClient.connect(port);
      const plainId = await idOf(plain);
      // Each is listed once, by the id and the address that it knows.
      const list = (await redisCli(port, "CLIENT", "LIST")).trim().split("\n");
      const ids = list.map((line) => /^id=(\d+)/.exec(line)![1]!);
      assertEquals(new Set(ids).size, ids.length);
      for (const { id, client } of [...blocked, { id: plainId, client: plain }]) {
        const { hostname, port } = client.conn.localAddr as Deno.NetAddr;
        assertEquals(
          list.filter((line) => line.startsWith(`id=${id} addr=${hostname}:${port} `)).length,
          1,
        );
      }
      assertEquals(list.filter((line) => line.includes(" name=redis-proxy ")).length, 3);
      // A client is unblocked at its node, and only that one.
      assertEquals(await redisCli(port, "CLIENT", "UNBLOCK", blocked[1]!.id), "1\n");
      assertEquals(await blocked[1]!.client.until("\r\n"), "*-1\r\n");
      assertEquals(await redisCli(port, "CLIENT", "UNBLOCK", blocked[1]!.id), "0\n");
      assertMatch(await lineOf(blocked[2]!.id), /cmd=blpop/);
      // Clients are killed, with or without a connection of their own.
      for (const id of [blocked[2]!.id, plainId]) {
        assertEquals(await redisCli(port, "CLIENT", "KILL", "ID", id), "1\n");
        assertEquals(await redisCli(port, "CLIENT", "KILL", "ID", id), "0\n");
      }
      await until(async () => await lineOf(blocked[2]!.id) === "");
      // So is a client of a node that is no client of the proxy.
      using foreign = await RawClient.connect(cluster.masters[2]!.port);
      await foreign.send(request("CLIENT", "SETNAME", "foreign"));
      await foreign.until("\r\n");
      const { hostname, port: own } = foreign.conn.localAddr as Deno.NetAddr;
      const told = (await redisCli(port, "CLIENT", "LIST")).split("\n")
        .find((line) => line.includes(" name=foreign "))!;
      assertMatch(told, new RegExp(` addr=${hostname}:${own} `));
      const [, foreignId] = /^id=(\d+)/.exec(told)!;
      assertMatch(
        await redisCli(port, "CLIENT", "LIST", "ID", foreignId!),
        new RegExp(`^id=${foreignId} [^\n]* name=foreign [^\n]*\n$`),
      );
      assertEquals(await redisCli(port, "CLIENT", "KILL", "ADDR", `${hostname}:${own}`), "1\n");
      assertMatch(await redisCli(port, "CLIENT", "KILL", "192.0.2.1:1"), /^ERR No such client/);
      // All but the client that asks.
      const others = blocked.slice(0, 2).length;
      assertEquals(await redisCli(port, "CLIENT", "KILL", "TYPE", "normal"), `${others}\n`);
      for (const { client } of blocked) client.close();
      assertEquals(await figure(port, "cluster_nodes_confirmed"), 3);
    },
  );

  await t.step(
    "a command connection to a node that a firewall has forgotten is found",
    async () => {
      const second = cluster.masters[1]!;
      using relay = new Relay(() => second.port);
      const announce = async (port: number) => {
        await second.call("CONFIG", "SET", "cluster-announce-port", `${port}`);
        const wanted = `:${port === 0 ? second.port : port}@`;
        const isKnownTo = async ({ call }: ClusterServer) =>
          String(await call("CLUSTER", "NODES")).includes(wanted);
        const isKnown = async () =>
          (await Promise.all(cluster.masters.map(isKnownTo))).every(Boolean);
        await until(isKnown);
      };
      await announce(relay.port);
      try {
        await using proxy = await before(cluster, "--redis-timeout", "500ms");
        const [a, b] = keysOf(cluster) as [string, string];
        using client = await RawClient.connect(proxy.port);
        using blocked = await RawClient.connect(proxy.port);
        using other = await RawClient.connect(proxy.port);
        assertEquals(await client.exchange(request("INCR", `{${b}}:n`), 4), ":1\r\n");
        await blocked.send(request("BLPOP", `{${a}}:q`, "0"));
        await until(() => relay.count("lane") > 0);
        relay.halfOpen("lane");
        await client.send(request("INCR", `{${b}}:n`));
        assertEquals(await client.rest(), "");
        // One that waits at another node is kept, and the others go on.
        assertEquals(await other.exchange(request("INCR", `{${b}}:m`), 4), ":1\r\n");
        await other.send(request("RPUSH", `{${a}}:q`, "job"));
        await blocked.until("job\r\n");
      } finally {
        await announce(0);
      }
    },
  );

  await t.step("the check takes a node for what it is named as", async () => {
    const check = async (url: string, ...args: string[]) => {
      const all = ["check", "--port", "0", "--redis-url", url, ...args];
      return (await run(COMMAND[0]!, [...COMMAND.slice(1), ...all])).stdout;
    };
    assertMatch(await check(cluster.url), /Checked as a node of the cluster[^]*\n0 errors/);
    assertMatch(await check(first), /ok +server .*uses all of its nodes/);
    const alone = await check(first, "--redis-cluster", "off");
    assertMatch(alone, /error +server .*MOVED\n +fix: --redis-cluster auto/);
    await using redis = await startRedisServer();
    const wrong = await check(`redis+cluster://127.0.0.1:${redis.port}`);
    assertMatch(wrong, /error +server .*no node of a Redis Cluster/);
  });

  await t.step(
    "a cluster is found behind the one node that is named, and its clients stay connected",
    async () => {
      const { server } = cluster.masters[0]!;
      server.kill("SIGSTOP");
      const args = ["--redis-url", first, "--redis-timeout", "600ms"];
      await using proxy = await startProxy(null, args, { awaitRedis: false });
      using client = await RawClient.connect(proxy.port);
      await client.send(request("GET", "key:1"));
      assertMatch(await client.until("\r\n"), /^-ORIGINTIMEOUT /);
      server.kill("SIGCONT");
      await until(async () => await figure(proxy.port, "cluster_nodes_confirmed") === 3);
      for (const key of keysOf(cluster)) {
        await client.send(request("SET", key, key) + request("GET", key));
        assertEquals(await client.until(`${key}\r\n`), `+OK\r\n$${key.length}\r\n${key}\r\n`);
      }
      await client.send(request("MULTI") + request("GET", keysOf(cluster)[1]!) + request("EXEC"));
      assertMatch(await client.until("key:"), /QUEUED/);
      assertStringIncludes(
        proxy.process.stderr,
        "Redis is a cluster: the proxy uses all of its nodes",
      );
    },
  );

  await t.step(
    "a cluster behind the one node that is named is found before the first client is served",
    async () => {
      await using proxy = await startProxy(null, ["--redis-url", first], { awaitRedis: false });
      const replies = keysOf(cluster).map((key) => ask(proxy.port, "SET", key, "x"));
      assertEquals(await Promise.all(replies), ["+OK", "+OK", "+OK"]);
    },
  );

  await t.step("--redis-cluster off keeps to the one node that is named", async () => {
    await using proxy = await startProxy(null, ["--redis-url", first, "--redis-cluster", "off"]);
    const replies = keysOf(cluster).map((key) => ask(proxy.port, "GET", key));
    const moved = (await Promise.all(replies)).filter((one) => one.startsWith("-MOVED"));
    assertEquals(moved.length, 2);
    await proxy.process.logged(/one node of a cluster/);
  });

  await t.step(
    "INFO, metrics and explain show the nodes of a cluster, and readiness one that is lost",
    async () => {
      await using proxy = await before(cluster, "--admin-port", "0");
      const admin = await adminPortOf(proxy);
      const [a] = keysOf(cluster) as [string];
      await redisCli(proxy.port, "GET", a);
      const info = await redisCli(proxy.port, "INFO");
      const { port } = cluster.masters[0]!;
      assertMatch(
        info,
        new RegExp(`cluster_node_\\d+:name=127.0.0.1:${port},state=up,slots=546\\d`),
      );
      assertMatch(
        await curl(admin, "/metrics"),
        new RegExp(`redis_proxy_cluster_node_slots{node="127.0.0.1:${port}"} 546\\d`),
      );
      assertMatch(
        await curl(admin, "/metrics"),
        new RegExp(`redis_proxy_cluster_node_reads_total{node="127.0.0.1:${port}"} [1-9]`),
      );
      assertMatch(
        await redisCli(proxy.port, "PROXY", "HOTKEYS"),
        new RegExp(`node\n127.0.0.1:${port}\n`),
      );
      using events = await RawClient.connect(admin);
      await events.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await events.until("\r\n\r\n");
      const { redis, hotKeys } = JSON.parse((await events.until("\n\n")).replace("data:", ""));
      assertEquals(redis.nodes.length, 3);
      assertEquals(redis.nodes.map(({ state }: { state: string }) => state), ["up", "up", "up"]);
      assertEquals(hotKeys[0].node, `127.0.0.1:${port}`);
      const explained = await redisCli(proxy.port, "PROXY", "EXPLAIN", a);
      assertMatch(explained, new RegExp(`^redis\n127.0.0.1:${port}$`, "m"));
      assertMatch(explained, new RegExp(`^slot\n${slotOf(a)}$`, "m"));
      assertEquals(await curl(admin, "/readyz"), "ready\n");
      cluster.masters[0]!.server.kill("SIGKILL");
      await until(async () => (await curl(admin, "/readyz")).includes(`127.0.0.1:${port}`));
    },
  );
});
