import { assert, assertEquals, assertMatch } from "@std/assert";
import { expose } from "../../../src/admin/exposition.ts";
import { metricsText } from "../../../src/admin/metrics.ts";
import { type Circumstances, whyNotReady } from "../../../src/admin/readiness.ts";
import { type AdminSources, answer } from "../../../src/admin/routes.ts";
import { Credentials, DEFAULT_USER } from "../../../src/core/credentials.ts";
import { FACTS } from "../../support/resp_context.ts";

const HEAD = /^# HELP ([a-z_]+) (.+)$/;
const TYPE = /^# TYPE ([a-z_]+) (counter|gauge)$/;
const SAMPLE = /^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"\})? (NaN|[+-]Inf|[0-9.e+-]+)$/;

Deno.test("metricsText() gives each metric once: help, type, samples, and counters end in _total", () => {
  const text = metricsText(FACTS);
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
      assertEquals(SAMPLE.exec(line)?.[1], name, line);
    }
  }
  assert(seen.size > 30);
});

Deno.test("metricsText() tells the facts, and the state as one of four", () => {
  const text = metricsText({ ...FACTS, coherence: "tracked", coherenceProvenAge: 250 });
  for (
    const line of [
      "redis_proxy_cache_hits_total 90",
      "redis_proxy_origin_flights 1",
      "redis_proxy_origin_permits_max 64",
      'redis_proxy_build_info{version="1.2.3"} 1',
      'redis_proxy_coherence_state{state="tracked"} 1',
      'redis_proxy_coherence_state{state="down"} 0',
      "redis_proxy_coherence_lease_age_seconds 0.25",
    ]
  ) assert(text.split("\n").includes(line), line);
});

Deno.test("metricsText() has an endless lease age while nothing is proven, and none without coherence", () => {
  assertMatch(metricsText({ ...FACTS, coherence: "down" }), /^redis_proxy_.*lease_age.* \+Inf$/m);
  assert(!/^redis_proxy_.*lease_age/m.test(metricsText({ ...FACTS, coherence: "off" })));
});

Deno.test("expose() escapes help and labels", () => {
  const samples = [{ labels: { a: 'x"y\\z\n' }, value: NaN }, { value: -Infinity }];
  assertEquals(
    expose([{ name: "m", type: "gauge", help: "a\\b\nc", samples }]),
    '# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{a="x\\"y\\\\z\\n"} NaN\nm -Inf\n',
  );
});

Deno.test("whyNotReady() is null exactly while a read could be served", () => {
  const well: Circumstances = {
    isStopping: false,
    originState: "up",
    originProblem: "",
    coherence: "tracked",
    cacheEntries: 0,
    isCoherenceRequired: false,
    mayBeStale: false,
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
    [away, /^Redis is away: gone; what is cached cannot be proven right$/],
    [{ ...away, mayBeStale: true }, null],
    [{ ...away, mayBeStale: true, cacheEntries: 0 }, /nothing is cached/],
    [{ ...away, coherence: "off" }, null],
    [{ ...away, coherence: "untracked" }, null],
    [{ ...away, coherence: "untracked", originState: "unready" }, null],
    [{ ...refused, coherence: "off", mayBeStale: true }, /^Redis refuses: WRONGPASS$/],
  ];
  for (const [change, wanted] of cases) {
    const why = whyNotReady({ ...well, ...change });
    if (wanted === null) assertEquals(why, null, JSON.stringify(change));
    else assertMatch(why ?? "", wanted);
  }
});

function sources(given: Partial<AdminSources> = {}): AdminSources {
  return {
    credentials: new Credentials(DEFAULT_USER, null),
    facts: () => FACTS,
    whyNotReady: () => null,
    explain: (key) => ({ key: JSON.stringify(key) }),
    ...given,
  };
}

async function ask(path: string, given?: Partial<AdminSources>, init?: RequestInit) {
  const response = answer(new Request(`http://localhost${path}`, init), sources(given));
  const { status, headers } = response;
  return { status, headers, text: await response.text(), type: headers.get("content-type") };
}

Deno.test("answer() tells of health, readiness and metrics in their own media types", async () => {
  const health = await ask("/healthz", { whyNotReady: () => "no" });
  assertEquals([health.status, health.text], [200, "ok\n"]);
  assertEquals((await ask("/readyz")).status, 200);
  const unready = await ask("/readyz", { whyNotReady: () => "no connection" });
  assertEquals([unready.status, unready.text], [503, "no connection\n"]);
  const metrics = await ask("/metrics");
  assertEquals(metrics.type, "text/plain; version=0.0.4; charset=utf-8");
  assertMatch(metrics.text, /^# HELP /);
});

Deno.test("answer() explains the key of the path or the query, its bytes exact", async () => {
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
    ] as const
  ) {
    const { status, text, type } = await ask(path);
    assertEquals([status, type], [200, "application/json"]);
    assertEquals(JSON.parse(text), { key: JSON.stringify(key) }, path);
  }
  for (const path of ["/explain", "/explain?other=1", "/explain?key=%4"]) {
    assertEquals((await ask(path)).status, 400, path);
  }
  const headers = { Accept: "text/plain" };
  assertEquals((await ask("/explain?key=k", {}, { headers })).text, 'key: "k"\n');
});

Deno.test("answer() refuses other pages and methods, as a problem document where JSON is preferred", async () => {
  const headers = { Accept: "application/json" };
  const { status, type, text } = await ask("/nothing", {}, { headers });
  assertEquals([status, type], [404, "application/problem+json"]);
  assertEquals(JSON.parse(text).title, "Not Found");
  const post = await ask("/metrics", {}, { method: "POST" });
  assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("answer() wants the password for everything but health", async () => {
  const credentials = new Credentials(DEFAULT_USER, "secret");
  assertEquals((await ask("/healthz", { credentials })).status, 200);
  for (const path of ["/readyz", "/metrics", "/explain?key=k", "/nothing"]) {
    const { status, headers } = await ask(path, { credentials });
    assertEquals(status, 401, path);
    assertMatch(headers.get("www-authenticate")!, /Basic .*Bearer /);
  }
  for (const Authorization of ["Bearer secret", `Basic ${btoa(":secret")}`]) {
    const { status } = await ask("/metrics", { credentials }, { headers: { Authorization } });
    assertEquals(status, 200);
  }
  const wrong = { headers: { Authorization: "Bearer wrong" } };
  assertEquals((await ask("/metrics", { credentials }, wrong)).status, 401);
});
