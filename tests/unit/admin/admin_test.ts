import { assert, assertEquals, assertMatch } from "@std/assert";
import { expose } from "../../../src/admin/exposition.ts";
import { LiveStreams, type MachineFacts } from "../../../src/admin/mod.ts";
import { Histogram } from "../../../src/core/histogram.ts";
import { metricsText } from "../../../src/admin/metrics.ts";
import { type Circumstances, whyNotReady } from "../../../src/admin/readiness.ts";
import { AdminProtocol } from "../../../src/admin/protocol.ts";
import { type AdminRequest, type AdminSources, answer } from "../../../src/admin/routes.ts";
import { Credentials, DEFAULT_USER } from "../../../src/core/credentials.ts";
import type { Purged } from "../../../src/core/purge.ts";
import { Stats } from "../../../src/core/stats.ts";
import { FACTS } from "../../support/resp_context.ts";
import { inputOf, written } from "../../support/wire.ts";

const HEAD = /^# HELP ([a-z_]+) (.+)$/;
const TYPE = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/;
const LABEL = String.raw`[a-z_]+="(?:[^"\\\n]|\\["\\n])*"`;
const SAMPLE = new RegExp(`^([a-z_]+)(\\{${LABEL}(?:,${LABEL})*\\})? (NaN|[+-]Inf|[0-9.e+-]+)$`);

const MACHINE: MachineFacts = {
  cpuSeconds: 1.5,
  openFiles: 20,
  openFilesMax: 1024,
  memoryLimit: 2 ** 28,
  loopLag: new Histogram(),
};

Deno.test("metricsText() prints each metric once with help, type and samples, and counters end in _total", () => {
  const text = metricsText(FACTS, MACHINE);
  assert(text.endsWith("\n"));
  const seen = new Set<string>();
  let name = "";
  let expected = "help";
  for (const line of text.slice(0, -1).split("\n")) {
    if (expected === "type") {
      const [, typed, type] = TYPE.exec(line)!;
      assertEquals(typed, name);
      assertEquals(name.endsWith("_total"), type === "counter", name);
      expected = "sample or help";
    } else if (line.startsWith("#")) {
      name = HEAD.exec(line)![1]!;
      assert(!seen.has(name), `${name} twice`);
      assertMatch(name, /^(redis_proxy|process)_/);
      seen.add(name);
      expected = "type";
    } else {
      assertEquals(SAMPLE.exec(line)?.[1]?.replace(/_(bucket|sum|count)$/, ""), name, line);
    }
  }
  assert(seen.size > 30);
});

Deno.test("metricsText() prints the figures, and the state as one of four", () => {
  const tracked = { coherence: "tracked", coherenceTracking: "inline" } as const;
  const text = metricsText({ ...FACTS, ...tracked, coherenceProvenAge: 250 }, MACHINE);
  for (
    const line of [
      "redis_proxy_cache_hits_total 90",
      "redis_proxy_origin_flights 1",
      "redis_proxy_origin_permits_max 64",
      'redis_proxy_build_info{version="1.2.3"} 1',
      'redis_proxy_coherence_state{state="tracked"} 1',
      'redis_proxy_coherence_state{state="down"} 0',
      'redis_proxy_coherence_tracking{mode="inline"} 1',
      'redis_proxy_coherence_tracking{mode="redirect"} 0',
      "redis_proxy_coherence_lease_age_seconds 0.25",
    ]
  ) assert(text.split("\n").includes(line), line);
});

Deno.test("metricsText() has an infinite lease age while nothing is proven, and none with coherence off", () => {
  assertMatch(
    metricsText({ ...FACTS, coherence: "down" }, MACHINE),
    /^redis_proxy_.*lease_age.* \+Inf$/m,
  );
  assert(!/^redis_proxy_.*lease_age/m.test(metricsText({ ...FACTS, coherence: "off" }, MACHINE)));
});

Deno.test("metricsText() counts by command, status, protocol, cause and bucket", () => {
  const stats = new Stats();
  stats.plainGets = 3;
  for (const name of ["GET", "get", "Mget", "mget", "nonsense"]) {
    stats.commands.add(name, (lower) => lower !== "nonsense");
  }
  stats.httpStatuses[404]! += 2;
  stats.failedLogins.http++;
  stats.evictions.absent_keys++;
  for (const duration of [0.02, 0.02, 3, 20_000]) stats.latencies.miss.observe(duration);
  stats.latencies.lanes.private.observe(1);
  const lines = metricsText({ ...FACTS, stats }, MACHINE).split("\n");
  for (
    const line of [
      'redis_proxy_commands_total{command="get"} 5',
      'redis_proxy_commands_total{command="mget"} 2',
      'redis_proxy_commands_total{command="other"} 1',
      'redis_proxy_http_responses_total{status="404"} 2',
      'redis_proxy_failed_logins_total{protocol="http"} 1',
      'redis_proxy_failed_logins_total{protocol="resp"} 0',
      'redis_proxy_cache_evictions_total{cause="absent_keys"} 1',
      'redis_proxy_miss_duration_seconds_bucket{le="0.00001"} 0',
      'redis_proxy_miss_duration_seconds_bucket{le="0.000025"} 2',
      'redis_proxy_miss_duration_seconds_bucket{le="0.005"} 3',
      'redis_proxy_miss_duration_seconds_bucket{le="10"} 3',
      'redis_proxy_miss_duration_seconds_bucket{le="+Inf"} 4',
      "redis_proxy_miss_duration_seconds_count 4",
      'redis_proxy_pass_duration_seconds_count{lane="private"} 1',
      'redis_proxy_upstreams{kind="shared"} 1',
      "redis_proxy_memory_limit_bytes 268435456",
      "process_cpu_seconds_total 1.5",
      "process_max_fds 1024",
    ]
  ) assert(lines.includes(line), line);
  assertEquals(lines.filter((line) => line.includes('status="200"')), []);
});

Deno.test("metricsText() leaves out what the system does not tell", () => {
  const unknown = { ...MACHINE, cpuSeconds: null, openFilesMax: null, memoryLimit: null };
  const text = metricsText(FACTS, unknown);
  assert(!/process_(cpu|max_fds)/.test(text));
  assertMatch(text, /^redis_proxy_memory_limit_bytes \+Inf$/m);
});

Deno.test("expose() escapes help and labels", () => {
  const samples = [{ labels: { a: 'x"y\\z\n' }, value: NaN }, { value: -Infinity }];
  assertEquals(
    expose([{ name: "m", type: "gauge", help: "a\\b\nc", samples }]),
    '# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{a="x\\"y\\\\z\\n"} NaN\nm -Inf\n',
  );
});

Deno.test("whyNotReady() is null exactly if a read could be served", () => {
  const well: Circumstances = {
    isStopping: false,
    originState: "up",
    originProblem: "",
    coherence: "tracked",
    cacheEntries: 0,
    isCoherenceRequired: false,
    mayServeCached: false,
  };
  const away = {
    ...well,
    originState: "away",
    originProblem: "Redis is away: gone",
    coherence: "down",
    cacheEntries: 5,
  };
  const refused = { ...away, originState: "refused", originProblem: "Redis refuses: WRONGPASS" };
  const cases: [Partial<Circumstances>, RegExp | null][] = [
    [well, null],
    [{ ...well, isStopping: true }, /stopping/],
    [{ ...well, coherence: "untracked" }, null],
    [{ ...well, coherence: "untracked", isCoherenceRequired: true }, /required/],
    [away, /^Redis is away: gone; no cached value may be served$/],
    [{ ...away, mayServeCached: true }, null],
    [{ ...away, mayServeCached: true, cacheEntries: 0 }, /nothing is cached/],
    [{ ...away, mayServeCached: true, originState: "unready" }, null],
    [{ ...refused, mayServeCached: true }, /^Redis refuses: WRONGPASS$/],
  ];
  for (const [change, wanted] of cases) {
    const why = whyNotReady({ ...well, ...change });
    if (wanted === null) assertEquals(why, null, JSON.stringify(change));
    else assertMatch(why ?? "", wanted);
  }
});

function sources(given: Partial<AdminSources> = {}): AdminSources {
  return {
    facts: () => FACTS,
    machine: () => MACHINE,
    whyNotReady: () => null,
    purge: () => 0,
    insight: { top: () => [], savings: () => null },
    explain: (key) => ({ key: JSON.stringify(key) }),
    ...given,
  };
}

function ask(path: string, given: Partial<AdminSources> = {}, request: Partial<AdminRequest> = {}) {
  const { body, ...page } = answer(
    {
      method: "GET",
      target: path,
      isAuthorized: true,
      isHostAllowed: true,
      isFromPage: false,
      accept: null,
      ...request,
    },
    sources(given),
  );
  return { ...page, text: new TextDecoder().decode(body) };
}

Deno.test("answer() gives health, readiness and metrics in their own media types", () => {
  const health = ask("/healthz", { whyNotReady: () => "no" });
  assertEquals([health.status, health.text], [200, "ok\n"]);
  assertEquals((ask("/readyz")).status, 200);
  const unready = ask("/readyz", { whyNotReady: () => "no connection" });
  assertEquals([unready.status, unready.text], [503, "no connection\n"]);
  const metrics = ask("/metrics");
  assertEquals(metrics.type, "text/plain; version=0.0.4; charset=utf-8");
  assertMatch(metrics.text, /^# HELP /);
});

Deno.test("answer() explains the exact key of the path or the query", () => {
  for (
    const [path, key] of [
      ["/explain/a%20b", "a b"],
      ["/explain/a/b", "a/b"],
      ["/explain/%FF%00", "\xff\x00"],
      ["/explain/", ""],
      ["/explain?key=a+b%2B", "a b+"],
      ["/explain?key=%FE", "\xfe"],
      ["/explain?key=../x", "../x"],
      ["/explain?key=a?b=c", "a?b=c"],
      ["/explain?other=1&key=k", "k"],
      ["/explain/../x?query", "../x"],
      ["http://host/explain?key=k", "k"],
    ] as const
  ) {
    const { status, text, type } = ask(path);
    assertEquals([status, type], [200, "application/json"]);
    assertEquals(JSON.parse(text), { key: JSON.stringify(key) }, path);
  }
  for (const path of ["/explain", "/explain?other=1", "/explain?key=%4"]) {
    assertEquals((ask(path)).status, 400, path);
  }
  assertEquals(ask("/explain?key=k", {}, { accept: "text/plain" }).text, 'key: "k"\n');
});

Deno.test("answer() refuses other pages and methods, with a problem document if JSON is preferred", () => {
  const { status, type, text } = ask("/nothing", {}, { accept: "application/json" });
  assertEquals([status, type], [404, "application/problem+json"]);
  assertEquals(JSON.parse(text).title, "Not Found");
  const post = ask("/metrics", {}, { method: "POST" });
  assertEquals([post.status, post.lines], [405, "Allow: GET, HEAD, DELETE\r\n"]);
  assertEquals(ask("*").status, 400);
  assertEquals(ask("http://user@host/metrics").status, 400);
});

Deno.test("answer() needs the password for everything but health and readiness", () => {
  const isAuthorized = false;
  assertEquals(ask("/healthz", {}, { isAuthorized }).status, 200);
  assertEquals(ask("/readyz", {}, { isAuthorized }).text, "ready\n");
  // The reason may name a host or a user.
  const unready = ask("/readyz", { whyNotReady: () => "no host 10.0.0.5" }, { isAuthorized });
  assertEquals([unready.status, unready.text], [503, "not ready\n"]);
  for (const path of ["/metrics", "/explain?key=k", "/nothing"]) {
    const { status, lines } = ask(path, {}, { isAuthorized });
    assertEquals(status, 401, path);
    assertMatch(lines, /WWW-Authenticate: Basic [^]*WWW-Authenticate: Bearer /);
  }
});

Deno.test("answer() shows a request for another host only health and readiness", () => {
  const isHostAllowed = false;
  for (const path of ["/healthz", "/readyz"]) {
    assertEquals(ask(path, {}, { isHostAllowed }).status, 200, path);
  }
  for (const path of ["/", "/metrics", "/explain?key=k"]) {
    assertEquals(ask(path, {}, { isHostAllowed }).status, 421, path);
  }
  assertEquals(ask("/cache?all", {}, { isHostAllowed, method: "DELETE" }).status, 421);
});

Deno.test("answer() purges a key, a prefix or all, and refuses a request for two of them or an empty prefix", () => {
  const purged: Purged[] = [];
  const drop = (path: string) =>
    ask(path, { purge: (one) => purged.push(one) }, { method: "DELETE" });
  for (const path of ["/cache/a%20b", "/cache/", "/cache?prefix=a%3A", "/cache?all"]) {
    assertEquals(drop(path).status, 200, path);
  }
  assertEquals(purged.splice(0), [
    { kind: "key", key: "a b" },
    { kind: "key", key: "" },
    { kind: "prefix", prefix: "a:" },
    { kind: "all" },
  ]);
  for (
    const path of [
      ...[
        "/cache?all&prefix=x",
        "/cache?prefix=x&all",
        "/cache?prefix=x&prefix=y",
        "/cache?all&all",
      ],
      ...["/cache/k?all", "/cache/k?prefix=x", "/cache?all=no", "/cache", "/cache?prefix=%4"],
    ]
  ) {
    const { status, text } = drop(path);
    assertEquals(status, 400, path);
    assertMatch(text, /^Wanted one of DELETE /);
  }
  const empty = drop("/cache?prefix=");
  assertEquals(empty.status, 400);
  assertMatch(empty.text, /empty prefix.*\/cache\?all/);
  assertEquals(purged, []);
});

/** The protocol's reply to bytes. */
function exchange(text: string, password: string | null = null): Promise<string> {
  const protocol = new AdminProtocol(
    sources(),
    new LiveStreams(sources()),
    new Credentials(DEFAULT_USER, password),
  );
  const input = inputOf(text);
  return written((output) => {
    for (let isLast = false; !isLast;) {
      const request = protocol.next(input);
      if (request === undefined) break;
      request.reply(output, undefined);
      isLast = request.last;
    }
  });
}

Deno.test("AdminProtocol answers requests in order, HEAD without a body, and ends on request", async () => {
  const host = "Host: h\r\n";
  const replies = await exchange(
    `GET /healthz HTTP/1.1\r\n${host}\r\nHEAD /metrics HTTP/1.1\r\n${host}\r\n` +
      `GET /readyz HTTP/1.1\r\n${host}Connection: close\r\n\r\nGET /healthz HTTP/1.1\r\n`,
  );
  const heads = replies.split("HTTP/1.1 ").slice(1);
  assertEquals(heads.length, 3);
  assertMatch(heads[0]!, /^200 OK\r\nDate: [^]*\r\nContent-Length: 3\r\n[^]*\r\n\r\nok\n$/);
  assertMatch(heads[1]!, /^200 OK\r\n[^]*\r\nContent-Length: [1-9]\d+\r\n[^]*\r\n\r\n$/);
  assertMatch(heads[2]!, /^200 OK\r\n[^]*\r\nConnection: close\r\n\r\nready\n$/);
  assertMatch(
    await exchange("GET /healthz HTTP/1.0\r\n\r\n"),
    /\r\nConnection: close\r\n\r\nok\n$/,
  );
  assertMatch(
    await exchange("GET /healthz\r\n\r\n"),
    /^HTTP\/1\.1 400 [^]*\r\nConnection: close\r\n/,
  );
});

Deno.test("AdminProtocol accepts the password in either scheme, and no other password", async () => {
  const asked = async (authorization: string) =>
    (await exchange(`GET /metrics HTTP/1.1\r\nHost: h\r\n${authorization}\r\n`, "secret")).slice(
      9,
      12,
    );
  assertEquals(await asked(""), "401");
  assertEquals(await asked("Authorization: Bearer secret\r\n"), "200");
  assertEquals(await asked(`Authorization: Basic ${btoa(":secret")}\r\n`), "200");
  assertEquals(await asked("Authorization: Bearer wrong\r\n"), "401");
});

Deno.test("AdminProtocol tells a client over HTTP that it was too slow, or one too many", async () => {
  const protocol = new AdminProtocol(
    sources(),
    new LiveStreams(sources()),
    new Credentials(DEFAULT_USER, null),
  );
  for (const [method, status] of [["expire", "408"], ["turnAway", "503"]] as const) {
    const reply = await written((output) => protocol[method](output, inputOf("GET /")));
    assertMatch(reply, new RegExp(`^HTTP/1\\.1 ${status} [^]*\\r\\nConnection: close\\r\\n`));
  }
});
