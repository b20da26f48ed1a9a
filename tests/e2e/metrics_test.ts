// The metrics after known traffic, and a check of them with Prometheus's own tool.
import { assert, assertEquals } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { adminPortOf } from "../support/proxy.ts";
import { curl, redisCli, run, serving, until } from "../support/serving.ts";

/** The samples of a page, by name and labels. */
async function metricsOf(port: number): Promise<Map<string, number>> {
  const page = await curl(port, "/metrics");
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1).replace("Inf", "Infinity"))];
  }));
}

Deno.test("metrics count commands, statuses, bytes, logins, evictions and latencies", async () => {
  await using it = await serving(["--admin-port", "0", "--cache-size", "50"]);
  const port = await adminPortOf(it.proxy);
  {
    using client = await RawClient.connect(it.port);
    for (let key = 0; key < 100; key++) await client.exchange(request("GET", `k${key}`), 5);
    for (let hit = 0; hit < 300; hit++) await client.exchange(request("GET", "k99"), 5);
    for (let set = 0; set < 32; set++) await client.exchange(request("SET", "k", "v"), 5);
    await client.exchange(request("STRLEN", "k"), 4);
    await client.send(request("NO-SUCH-COMMAND"));
    await client.until("\r\n");
    await client.send(request("BLPOP", "list", "0.01"));
    await client.until("\r\n");
  }
  await curl(it.port, "/k");
  await curl(it.port, "/none");
  const found = await metricsOf(port);
  const of = (name: string) => found.get(`redis_proxy_${name}`);
  assertEquals(of('commands_total{command="get"}'), 400);
  assertEquals(of('commands_total{command="set"}'), 32);
  assertEquals(of('commands_total{command="strlen"}'), 1);
  assertEquals(of('commands_total{command="blpop"}'), 1);
  assertEquals(of('commands_total{command="other"}'), 1);
  assertEquals(of('http_responses_total{status="200"}'), 1);
  assertEquals(of('http_responses_total{status="404"}'), 1);
  assertEquals(of('cache_evictions_total{cause="absent_keys"}')! >= 95, true);
  assert(of("received_bytes_total")! > 400 * 20 && of("sent_bytes_total")! > 400 * 5);
  // One of 128 requests is measured, if it is a hit.
  assert(of("hit_duration_seconds_count")! >= 2, `${of("hit_duration_seconds_count")}`);
  assert(of("miss_duration_seconds_count")! >= 100);
  assert(of("origin_duration_seconds_count")! >= 100);
  assert(of("origin_duration_seconds_sum")! < of("miss_duration_seconds_sum")!);
  assert(of('pass_duration_seconds_count{lane="shared"}')! >= 2);
  assertEquals(of('pass_duration_seconds_count{lane="private"}'), 2); // Unknown commands take it, too.
  assertEquals(of('upstreams{kind="shared"}'), 1);
  assert(found.get("process_cpu_seconds_total")! > 0);
  assert(found.get("process_open_fds")! > 5);
  assert(found.get("process_max_fds")! > 100);
  await until(async () =>
    (await metricsOf(port)).get("redis_proxy_event_loop_lag_seconds_count")! > 1
  );
});

Deno.test("metrics count each request once, over any connection to Redis", async () => {
  await using it = await serving(["--admin-port", "0"]);
  const port = await adminPortOf(it.proxy);
  const all = ["PING", "GET k", "MULTI", "SET k v", "INCR n", "EXEC", "GET k", "WATCH k", "GET k"];
  const count = async () => (await metricsOf(port)).get("redis_proxy_requests_total")!;
  for (const isPipeline of [false, true]) {
    const before = await count();
    using client = await RawClient.connect(it.port);
    if (isPipeline) {
      await client.send(all.map((line) => request(...line.split(" "))).join("") + request("QUIT"));
    } else {
      for (const line of all) {
        await client.send(request(...line.split(" ")));
        await client.until("\r\n");
      }
      await client.send(request("QUIT"));
    }
    await client.rest();
    assertEquals(
      await count() - before,
      all.length + 1,
      `${isPipeline ? "at once" : "one by one"}`,
    );
  }
});

Deno.test("metrics show that a shared connection to Redis was lost", async () => {
  await using it = await serving(["--admin-port", "0"]);
  const port = await adminPortOf(it.proxy);
  const opened = async () =>
    (await metricsOf(port)).get('redis_proxy_upstreams_opened_total{kind="shared"}')!;
  await redisCli(it.port, "set", "k", "v");
  const before = await opened();
  assert(before > 0);
  await redisCli(it.port, "set", "k", "v");
  assertEquals(await opened(), before);
  await redisCli(it.redis.port, "client", "kill", "type", "normal");
  await until(async () => await redisCli(it.port, "set", "k", "v") === "OK\n");
  assert(await opened() > before);
});

Deno.test("metrics count failed logins of both protocols", async () => {
  const process = await serving(["--admin-port", "0", "--password-file", "/dev/stdin"]).catch(() =>
    null
  );
  assertEquals(process, null); // A password file must hold a password.
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/password`, "secret");
  await using it = await serving(["--admin-port", "0", "--password-file", `${folder}/password`]);
  const port = await adminPortOf(it.proxy);
  await redisCli(it.port, "auth", "wrong");
  await redisCli(it.port, "auth", "default", "wrong");
  await redisCli(it.port, "auth", "secret");
  await curl(it.port, "/key", "-u", ":wrong");
  await curl(it.port, "/key", "-u", ":secret");
  const page = await curl(port, "/metrics", "-u", ":secret");
  assert(page.includes('redis_proxy_failed_logins_total{protocol="resp"} 2\n'), page);
  assert(page.includes('redis_proxy_failed_logins_total{protocol="http"} 1\n'), page);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("promtool finds nothing to complain about in the metrics", async () => {
  const promtool = await run("promtool", ["--version"]).catch(() => null);
  if (promtool === null) return; // It comes with the Debian package prometheus.
  await using it = await serving(["--admin-port", "0"]);
  const port = await adminPortOf(it.proxy);
  await redisCli(it.port, "get", "key");
  await curl(it.port, "/key");
  const stdin = await curl(port, "/metrics");
  const { code, stdout, stderr } = await run("promtool", ["check", "metrics"], { stdin });
  assertEquals([code, stdout + stderr], [0, ""]);
});
