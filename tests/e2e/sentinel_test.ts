/** A master behind sentinels: found, followed through failovers, and explained when it is missing. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../../tools/redis_server.ts";
import { askSentinel, type SentinelSet, startSentinelSet } from "../../tools/sentinels.ts";
import { RawClient, request } from "../support/client.ts";
import { Failover, pause, type Verdict } from "../support/failover.ts";
import { adminPortOf, COMMAND, startProxy } from "../support/proxy.ts";
import { ask, curl, figure, redisCli, run, until } from "../support/serving.ts";

const LEASE = 1000;

/** The proxy must be back so soon after the sentinels agree, in milliseconds. */
const RECOVERY = 2000;

/** The ports that the sentinels name. */
async function named({ sentinels, name }: SentinelSet): Promise<number[]> {
  const answers = await Promise.all(
    sentinels.map(({ port }) =>
      askSentinel(port, `SENTINEL GET-MASTER-ADDR-BY-NAME ${name}`).catch(() => "")
    ),
  );
  return answers.flatMap((answer) => /\r\n(\d+)\r\n$/.exec(answer)?.slice(1).map(Number) ?? []);
}

/** Resolves to when a majority of the sentinels names another master. */
async function switched(set: SentinelSet): Promise<number> {
  await until(async () => {
    const others = (await named(set)).filter((port) => port !== set.master.port);
    return others.length > set.sentinels.length / 2;
  }, 20_000);
  return performance.now();
}

/** Runs a fault under load, waits until the proxy has followed, and returns what was found. */
async function underLoad(
  set: SentinelSet,
  fault: (load: Failover) => Promise<void>,
): Promise<Verdict & { readonly recovery: number }> {
  await using proxy = await startProxy(null, ["--redis-url", set.url, "--lease", `${LEASE}ms`]);
  const load = new Failover(proxy.port, set.master.port, () => named(set));
  await until(() => load.successes.length > 50);
  const agreed = switched(set);
  agreed.catch(() => {/* The fault failed before. */});
  await fault(load);
  const at = await agreed;
  await until(() => load.successes.some((success) => success > at + 20), 10_000);
  const back = load.successes.find((success) => success > at)!;
  await pause(2000);
  const verdict = await load.end();
  assertEquals(load.master, set.replica.port);
  return { ...verdict, recovery: back - at };
}

function check({ reads, worst, lostFromSight, ownWrites, recovery, promotions }: Awaited<
  ReturnType<typeof underLoad>
>): void {
  assert(reads > 500 && ownWrites > 100 && promotions.length === 1, `${reads}, ${ownWrites}`);
  assert(worst <= LEASE + 100, `a read was ${worst} ms behind`);
  assertEquals(lostFromSight, 0);
  assert(recovery <= RECOVERY, `${recovery} ms`);
}

Deno.test("a planned failover: reads are at most a lease old, and clients need no new connection", async () => {
  await using set = await startSentinelSet();
  const found = await underLoad(set, async () => {
    assertEquals(
      await askSentinel(set.sentinels[0]!.port, `SENTINEL FAILOVER ${set.name}`),
      "+OK\r\n",
    );
  });
  check(found);
  assertEquals(
    [found.reader.reconnects, found.own.reconnects],
    [0, 0],
    [...found.own.messages]
      .join(),
  );
});

Deno.test("the master is killed: reads are at most a lease old, and errors end with the failover", async () => {
  await using set = await startSentinelSet();
  const found = await underLoad(set, async () => {
    set.master.kill("SIGKILL");
    await set.master.exited;
  });
  check(found);
  assertEquals(found.reader.reconnects, 0);
});

Deno.test("the master freezes, is replaced, and wakes as a master: nobody reads its old values", async () => {
  await using set = await startSentinelSet();
  const found = await underLoad(set, async (load) => {
    set.master.kill("SIGSTOP");
    await until(() => load.master === set.replica.port, 20_000);
    await pause(500);
    set.master.kill("SIGCONT");
  });
  check(found);
});

Deno.test("blocked clients and subscribers of an old master are disconnected, as by Redis", async () => {
  await using set = await startSentinelSet();
  await using proxy = await startProxy(null, ["--redis-url", set.url, "--lease", `${LEASE}ms`]);
  using blocked = await RawClient.connect(proxy.port);
  await blocked.send(request("BLPOP", "queue", "0"));
  using subscriber = await RawClient.connect(proxy.port);
  await subscriber.send(request("SUBSCRIBE", "news"));
  await subscriber.until(":1\r\n");
  await until(async () => (await ask(set.master.port, "INFO", "clients")) !== "");
  await askSentinel(set.sentinels[0]!.port, `SENTINEL FAILOVER ${set.name}`);
  assertEquals(await blocked.rest(), "");
  assertEquals(await subscriber.rest(), "");
  await until(async () => (await ask(proxy.port, "SET", "k", "v")) === "+OK");
  assertEquals(await redisCli(set.replica.port, "GET", "k"), "v\n");
});

Deno.test("INFO, metrics and explain show the master and its sentinels", async () => {
  await using set = await startSentinelSet();
  const args = ["--redis-url", set.url, "--lease", `${LEASE}ms`, "--admin-port", "0"];
  await using proxy = await startProxy(null, args);
  const { master } = set;
  assertMatch(
    (await proxy.process.logged(/Found the master .*/))[0],
    new RegExp(`name=mymaster redis=127.0.0.1:${master.port} by="[23] of 3 sentinels"`),
  );
  await until(async () => await figure(proxy.port, "sentinel_agreeing") === 3);
  const info = await redisCli(proxy.port, "INFO");
  assertStringIncludes(info, `sentinel_master:127.0.0.1:${master.port}`);
  assertStringIncludes(info, "sentinel_name:mymaster");
  assertEquals(await figure(proxy.port, "sentinel_count"), 3);
  await ask(proxy.port, "GET", "some-key");
  await until(async () =>
    /^cached\nyes$/m.test(await redisCli(proxy.port, "PROXY", "EXPLAIN", "some-key"))
  );
  const explained = await redisCli(proxy.port, "PROXY", "EXPLAIN", "some-key");
  assertMatch(explained, new RegExp(`^redis\nredis://127.0.0.1:${master.port}/0$`, "m"));
  assertMatch(explained, /^confirmed-before\n\d+$/m);
  const admin = await adminPortOf(proxy);
  const metrics = await curl(admin, "/metrics");
  assertStringIncludes(
    metrics,
    `redis_proxy_sentinel_master_info{name="mymaster",redis="127.0.0.1:${master.port}"} 1`,
  );
  assertMatch(metrics, /^redis_proxy_sentinels_agreeing 3$/m);
  assertMatch(metrics, /^redis_proxy_sentinel_confirmed_age_seconds 0\.\d+$/m);
});

Deno.test("the check finds the master of the sentinels, and says what is wrong with the name", async () => {
  await using set = await startSentinelSet();
  const check = async (url: string) =>
    await run(COMMAND[0]!, [...COMMAND.slice(1), "check", "--port", "0", "--redis-url", url]);
  const found = await check(set.url);
  assertMatch(found.stdout, new RegExp(`sentinels name the master 127.0.0.1:${set.master.port}`));
  assertMatch(found.stdout, /role {7,}This Redis is a master/);
  assertEquals(found.code, 0);
  const wrong = await check(set.url.replace("mymaster", "other"));
  assertMatch(wrong.stdout, /error +sentinels .*No such master.*\n +fix: Check the name/);
  assertEquals(wrong.code, 1);
});

Deno.test("without a majority of sentinels nothing comes from the cache, and Redis is read", async () => {
  await using set = await startSentinelSet();
  await using proxy = await startProxy(null, ["--redis-url", set.url, "--lease", `${LEASE}ms`]);
  await ask(proxy.port, "SET", "k", "v");
  await ask(proxy.port, "GET", "k");
  const hitsOf = () => figure(proxy.port, "cache_hits");
  const isHit = async () => {
    const before = await hitsOf();
    assertEquals(await ask(proxy.port, "GET", "k"), "$1");
    return await hitsOf() > before;
  };
  await until(isHit);
  for (const sentinel of set.sentinels.slice(1)) sentinel.kill("SIGSTOP");
  await until(async () => !await isHit());
  await pause(LEASE);
  assertEquals(await isHit(), false);
  for (const sentinel of set.sentinels.slice(1)) sentinel.kill("SIGCONT");
  await until(isHit);
});

Deno.test("sentinels with a password, and servers that are named by host name", async () => {
  await using set = await startSentinelSet({ password: "s3cret", host: "localhost" });
  const args = ["--redis-url", set.url, "--lease", `${LEASE}ms`];
  {
    await using proxy = await startProxy(null, [...args, "--admin-port", "0"], {
      awaitRedis: false,
    });
    const [line] = await proxy.process.logged(/A sentinel refuses this proxy .*/);
    assertStringIncludes(line, "NOAUTH");
    assertStringIncludes(line, "RP_SENTINEL_PASSWORD");
    const admin = await adminPortOf(proxy);
    await until(async () => (await curl(admin, "/readyz")).includes("NOAUTH"));
  }
  const env = { RP_SENTINEL_PASSWORD: "s3cret" };
  await using proxy = await startProxy(null, args, { env });
  await proxy.process.logged(new RegExp(`redis=localhost:${set.master.port}`));
  assertEquals(await ask(proxy.port, "SET", "k", "v"), "+OK");
});

Deno.test("a wrong name, unreachable sentinels: the log and readiness say so, until it is put right", async () => {
  await using set = await startSentinelSet({ sentinels: 1 });
  const wrong = set.url.replace("mymaster", "other");
  {
    await using proxy = await startProxy(
      null,
      ["--redis-url", wrong, "--lease", `${LEASE}ms`, "--admin-port", "0"],
      { awaitRedis: false },
    );
    const [line] = await proxy.process.logged(/A sentinel does not know the master .*/);
    assertStringIncludes(line, "Check the name of the master");
    const admin = await adminPortOf(proxy);
    await until(async () => (await curl(admin, "/readyz")).includes("No such master"));
    assertMatch(await ask(proxy.port, "GET", "k"), /^-ORIGINREFUSED .*No such master/);
    await askSentinel(
      set.sentinels[0]!.port,
      `SENTINEL MONITOR other 127.0.0.1 ${set.master.port} 1`,
    );
    await until(async () => (await ask(proxy.port, "GET", "k")) === "$-1");
    assertEquals(await curl(admin, "/readyz"), "ready\n");
  }
  const nobody = `redis+sentinel://mymaster@127.0.0.1:${freePort()}`;
  await using proxy = await startProxy(
    null,
    ["--redis-url", nobody, "--admin-port", "0"],
    { awaitRedis: false },
  );
  const [line] = await proxy.process.logged(/A sentinel does not answer .*/);
  assertStringIncludes(line, "ECONNREFUSED");
  const admin = await adminPortOf(proxy);
  await until(async () => (await curl(admin, "/readyz")).includes("no sentinel answers"));
  assertMatch(await ask(proxy.port, "SET", "k", "v"), /^-ORIGINDOWN .*no sentinel answers/);
});
