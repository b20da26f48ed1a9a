// The live page of the admin port: its stream, and what a browser shows (Debian package chromium).
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient } from "../support/client.ts";
import { Browser, hasChromium } from "../support/chromium.ts";
import { adminPortOf, startProxy } from "../support/proxy.ts";
import { curl, redisCli, run, serving, until } from "../support/serving.ts";

const ADMIN = ["--admin-port", "0"];

/** Sends requests for a second or two. */
async function load(port: number): Promise<void> {
  const { code } = await run("redis-benchmark", [
    ...["-p", `${port}`, "-n", "60000", "-c", "4", "-q", "GET", "hot-key"],
  ]);
  assertEquals(code, 0);
}

Deno.test("the stream sends a snapshot each second until the browser leaves", async () => {
  await using it = await serving(ADMIN);
  const port = await adminPortOf(it.proxy);
  await it.ask("SET", "hot-key", "value");
  {
    using client = await RawClient.connect(port);
    await client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const head = await client.until("\r\n\r\n");
    assertMatch(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n/);
    await redisCli(it.port, "get", "hot-key");
    const first = JSON.parse((await client.until("\n\n")).replace("data:", ""));
    assertEquals([first.redis.state, first.redis.coherence, first.notReady], [
      "up",
      "tracked",
      null,
    ]);
    const second = JSON.parse((await client.until("\n\n")).replace("data:", ""));
    assert(second.reads.misses > 0 && second.requests.resp > 0, JSON.stringify(second));
    assertEquals(second.hotKeys[0].key, "hot-key");
  }
  // A stream that is left makes room for another one.
  for (let time = 0; time < 12; time++) {
    await until(async () => {
      using client = await RawClient.connect(port);
      await client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
      return (await client.until("\r\n\r\n")).startsWith("HTTP/1.1 200");
    });
  }
});

Deno.test("at most eight streams are open, and scrapers still get their metrics", async () => {
  await using it = await serving(ADMIN);
  const port = await adminPortOf(it.proxy);
  await using stack = new AsyncDisposableStack();
  for (let stream = 0; stream < 9; stream++) {
    const client = stack.use(await RawClient.connect(port));
    await client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const head = await client.until("\r\n\r\n");
    assertMatch(head, stream < 8 ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 503 /);
  }
  assertMatch(await curl(port, "/metrics"), /redis_proxy_clients /);
  // A stop does not wait for browsers.
  const started = performance.now();
  assertEquals(await it.proxy.process.stop(), 0);
  assert(performance.now() - started < 5000);
});

Deno.test("a name that a web page has rebound to this machine gets no page and no stream", async () => {
  await using it = await serving(ADMIN);
  const port = await adminPortOf(it.proxy);
  const status = (path: string, host: string) =>
    curl(port, path, "-o", "/dev/null", "-w", "%{http_code}", "-H", `Host: ${host}`);
  for (const path of ["/", "/events", "/metrics", "/explain?key=k"]) {
    assertEquals(await status(path, "evil.example"), "421", path);
  }
  for (const host of ["localhost:1", "127.0.0.1", "[::1]:9090"]) {
    assertEquals(await status("/metrics", host), "200", host);
  }
});

Deno.test("the live page and its stream need the password", async () => {
  await using it = await serving(ADMIN);
  await using guarded = await startProxy(it.redis.port, ADMIN, { env: { RP_PASSWORD: "secret" } });
  const port = await adminPortOf(guarded);
  for (const path of ["/", "/events"]) {
    assertEquals(await curl(port, path, "-o", "/dev/null", "-w", "%{http_code}"), "401");
  }
  const page = await curl(port, "/", "-i", "-u", ":secret");
  assertMatch(page, /\r\nContent-Security-Policy: default-src 'none'; script-src 'sha256-/);
});

Deno.test("a browser shows the load, the hot key and the state of Redis, and goes on after a restart", async () => {
  if (!hasChromium()) return;
  await using it = await serving(ADMIN);
  const port = await adminPortOf(it.proxy);
  await it.ask("SET", "hot-key", "<b>value</b>");
  await using browser = await Browser.open();
  await browser.dress(1280, 900, "light");
  await browser.goTo(`http://127.0.0.1:${port}/`);
  await until(async () => (await browser.textOf("status")) === "Live");
  assertMatch(await browser.textOf("redis"), /^✓ Connected to Redis \d/);
  assertMatch(await browser.textOf("coherence"), /^✓ Redis announces changes/);
  const loading = load(it.port);
  await until(async () => Number((await browser.textOf("requests")).replaceAll(",", "")) > 1000);
  await until(async () => /^9\d\.\d %|^100\.0 %/.test(await browser.textOf("ratio")));
  await until(async () => (await browser.textOf("keys")).startsWith("hot-key"));
  await until(async () => /Hit\d+ µs|Hit[\d.]+ ms/.test(await browser.textOf("latencies")));
  await loading;
  // Nothing was loaded from elsewhere, no script failed, and the policy stopped nothing.
  assertEquals(browser.complaints, []);
  it.redis.kill("SIGSTOP");
  await until(async () => /^⚠ /.test(await browser.textOf("ready")), 20_000);
  assertMatch(await browser.textOf("redis"), /^⚠ Redis /);
  it.redis.kill("SIGCONT");
  await until(async () => /^✓ Ready/.test(await browser.textOf("ready")), 20_000);
});

Deno.test("a key is shown as text, whatever it holds", async () => {
  if (!hasChromium()) return;
  await using it = await serving(ADMIN);
  const port = await adminPortOf(it.proxy);
  const key = "<img src=x onerror=document.title='broken'>\u0001é";
  for (let time = 0; time < 5; time++) await redisCli(it.port, "get", key);
  await using browser = await Browser.open();
  await browser.goTo(`http://127.0.0.1:${port}/`);
  await until(async () => (await browser.textOf("keys")).includes("onerror"));
  assertMatch(await browser.textOf("keys"), /^<img .*>\\x01é/);
  assertEquals(await browser.evaluate("document.title"), "redis-proxy");
});

Deno.test("the page works by keyboard, on a phone, and for programs that read it aloud", async () => {
  if (!hasChromium()) return;
  await using it = await serving(ADMIN);
  const port = await adminPortOf(it.proxy);
  await using browser = await Browser.open();
  await browser.dress(360, 740, "dark");
  await browser.goTo(`http://127.0.0.1:${port}/`);
  await until(async () => (await browser.textOf("status")) === "Live");
  // Nothing is wider than the screen of a phone.
  const width = await browser.evaluate<number>("document.documentElement.scrollWidth");
  assert(width <= 360, `${width} pixels wide`);
  await browser.press("Tab");
  assertEquals(await browser.evaluate("document.activeElement.id"), "pause");
  await browser.press("Enter");
  assertEquals(await browser.textOf("status"), "Paused");
  assertEquals(
    await browser.evaluate("document.getElementById('pause').getAttribute('aria-pressed')"),
    "true",
  );
  await browser.press("Enter");
  await until(async () => (await browser.textOf("status")) === "Live");
  const { nodes } = await browser.call("Accessibility.getFullAXTree") as {
    nodes: { role?: { value: string }; name?: { value: string } }[];
  };
  const named = (role: string) =>
    nodes.filter((node) => node.role?.value === role).map((node) => node.name?.value ?? "");
  assertEquals(named("heading").length, 8);
  assertEquals(named("region").filter((name) => name === ""), []);
  assertEquals(named("table").filter((name) => name === ""), []);
  assertEquals(named("button"), ["Pause"]);
  assertEquals(named("status").length, 1);
  // Text is readable on its background, in both schemes (WCAG 2.2, level AA).
  for (const scheme of ["light", "dark"] as const) {
    await browser.dress(360, 740, scheme);
    const ratios = await browser.evaluate<number[]>(CONTRASTS);
    assert(ratios.length > 10 && ratios.every((ratio) => ratio >= 4.5), `${scheme}: ${ratios}`);
  }
});

/** The contrast of each element's text with what is behind it. Source: WCAG 2.2, 1.4.3. */
const CONTRASTS = `(() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const { backgroundColor } = getComputedStyle(one);
      if (!/, 0\\)$|transparent/.test(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("h1, h2, p, th, td, caption, button")]
    .filter((one) => one.textContent.trim() !== "")
    .map((one) => {
      const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
      return (pair[0] + 0.05) / (pair[1] + 0.05);
    });
})()`;
