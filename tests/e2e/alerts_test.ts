// The alerts and the dashboard in a real Prometheus, if there is one (Debian package prometheus).
import { assert, assertEquals } from "@std/assert";
import { startCluster } from "../../tools/cluster.ts";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { startSentinelSet } from "../../tools/sentinels.ts";
import { RawClient, request } from "../support/client.ts";
import { memoryGroup } from "../support/control_group.ts";
import { hasProgram } from "../support/program.ts";
import { Prometheus } from "../support/prometheus.ts";
import { adminPortOf, ROOT, type RunningProxy, startProxy } from "../support/proxy.ts";
import { curl, redisCli, run, until } from "../support/serving.ts";

/** The password of the proxy that has one. */
const PASSWORD = "open-sesame";

const ADMIN = ["--admin-port", "0"];

/** Calls a function again and again, until the result is disposed of. */
function repeatedly(work: () => Promise<unknown>, period = 20): Disposable {
  let isOver = false;
  (async () => {
    while (!isOver) {
      await work().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, period));
    }
  })();
  return { [Symbol.dispose]: () => void (isOver = true) };
}

function alertNames(): string[] {
  const rules = Deno.readTextFileSync(`${ROOT}deploy/prometheus/alerts.yml`);
  return Array.from(rules.matchAll(/alert: (\w+)/g), ([, name]) => name!);
}

Deno.test("each alert fires when what it names happens, and none on a proxy that is well", async () => {
  if (!hasProgram("prometheus")) return;
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedisServer());
  const proxies: RunningProxy[] = [];
  const proxy = async (port: number | null, args: string[] = [], options = {}) => {
    const one = stack.use(await startProxy(port, [...ADMIN, ...args], options));
    proxies.push(one);
    return one;
  };
  const well = await proxy(redis.port);
  const secured = stack.use(await startRedisServer({ password: "secret" }));
  const untracked = stack.use(await startRedisServer({ args: ["--rename-command", "CLIENT", ""] }));
  const away = { awaitRedis: false };
  await proxy(secured.port, [], away);
  const lost = await proxy(freePort(), [], away);
  await proxy(untracked.port);
  const full = await proxy(redis.port, ["--max-clients", "2", "--max-upstreams", "1"]);
  const guarded = await proxy(redis.port, [], { env: { RP_PASSWORD: PASSWORD } });
  const late = await proxy(redis.port);
  const slowRedis = stack.use(await startRedisServer());
  const slow = await proxy(slowRedis.port);
  const unsteady = stack.use(await startRedisServer());
  await proxy(unsteady.port);
  const cluster = stack.use(await startCluster({ replicas: 0 }));
  await proxy(null, ["--redis-url", cluster.url]);
  const sentinels = stack.use(await startSentinelSet());
  await proxy(null, ["--redis-url", sentinels.url]);
  const group = await memoryGroup(100 * 1024 * 1024);
  if (group !== null) stack.use(group);
  const tight = group === null
    ? null
    : await proxy(redis.port, ["--cache-memory", "24mb", "--value-limit", "1mb"], {
      limits: group.enter,
    });

  const admin = await Promise.all(proxies.map(adminPortOf));
  const watching = stack.use((await Prometheus.start([...admin, freePort()], PASSWORD))!);

  const blocked = stack.use(await RawClient.connect(full.port));
  await blocked.send(request("BLPOP", "never", "0"));
  const second = stack.use(await RawClient.connect(full.port));
  await second.exchange(request("PING"), 7);
  stack.use(repeatedly(() => redisCli(full.port, "ping"), 100));
  stack.use(repeatedly(() => redisCli(guarded.port, "auth", "wrong"), 100));
  stack.use(repeatedly(() => redisCli(lost.port, "get", "key"), 50));
  let key = 0;
  const misses = (port: number) =>
    redisCli(port, "mget", ...Array.from({ length: 50 }, () => `k${key++}`));
  stack.use(repeatedly(() => misses(slow.port), 50));
  stack.use(repeatedly(() => redisCli(unsteady.port, "client", "kill", "type", "normal"), 200));
  cluster.masters[0]!.server.kill("SIGKILL");
  for (const sentinel of sentinels.sentinels.slice(1)) sentinel.kill("SIGKILL");
  stack.use(repeatedly(() => redisCli(slowRedis.port, "client", "pause", "200"), 250));
  stack.use(repeatedly(async () => {
    late.process.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 400));
    late.process.kill("SIGCONT");
  }, 200));
  if (tight !== null) {
    await redisCli(
      redis.port,
      "eval",
      "for i=1,40 do redis.call('setrange','big'..i,700000,'x') end",
      "0",
    );
    stack.use(
      repeatedly(() =>
        redisCli(tight.port, "mget", ...Array.from({ length: 40 }, (_, i) => `big${i + 1}`))
      ),
    );
  }
  stack.use(repeatedly(() => redisCli(well.port, "get", "hot")));

  const firing = async () => {
    const found = await watching.query('ALERTS{alertstate="firing"}');
    return found.map(({ metric }) => `${metric.alertname} ${metric.instance}`);
  };
  const expected = alertNames().filter((name) => tight !== null || name !== "RedisProxyMemory");
  const seen = new Set<string>();
  try {
    await until(async () => {
      for (const one of await firing()) seen.add(one.split(" ")[0]!);
      return expected.every((name) => seen.has(name));
    }, 60_000);
  } catch {
    throw new Error(`Never fired: ${expected.filter((name) => !seen.has(name))}`);
  }
  // On a busy machine the proxy that is well is late, too, and so is its Redis.
  const wrong = (await firing()).filter((one) =>
    one.endsWith(`:${admin[0]}`) && !/LoopLag|RedisSlow/.test(one)
  );
  assertEquals(wrong, []);
});

Deno.test("each expression of the dashboard finds figures of a proxy with traffic", async () => {
  if (!hasProgram("prometheus")) return;
  await using redis = await startRedisServer();
  await using proxy = await startProxy(redis.port, [...ADMIN, "--cache-size", "5"]);
  await using watching = (await Prometheus.start([await adminPortOf(proxy)]))!;
  const work = async () => {
    for (let key = 0; key < 40; key++) await redisCli(proxy.port, "set", `key${key}`, "value");
    await redisCli(proxy.port, "mget", ...Array.from({ length: 40 }, (_, key) => `key${key}`));
    await redisCli(proxy.port, "blpop", "nothing", "0.01");
    const { code } = await run("redis-benchmark", [
      ...["-p", `${proxy.port}`, "-n", "2000", "-q", "GET", "key39"],
    ]);
    assertEquals(code, 0);
    await curl(proxy.port, "/key39");
  };
  for (let time = 0; time < 3; time++) await work();
  using _traffic = repeatedly(work, 100);
  const dashboard = JSON.parse(await Deno.readTextFile(`${ROOT}deploy/grafana/redis-proxy.json`));
  const expressions: string[] = dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
    panel.targets.map(({ expr }) => expr)
  );
  assert(expressions.length > 20);
  for (const expression of expressions) {
    const asked = expression.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "4s");
    // Without a limit of memory there is no line for it.
    if (asked.includes("limit_bytes")) {
      await watching.query(asked);
      continue;
    }
    await until(async () => {
      const found = await watching.query(asked);
      return found.some(({ value }) => value !== "NaN");
    }, 20_000).catch(() => {
      throw new Error(`Nothing found by ${asked}`);
    });
  }
});
