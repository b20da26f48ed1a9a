// A browser: a page of another origin reads a value twice, and the second time the browser's cache
// revalidates it. Skipped without Chromium.
import { assertEquals, assertMatch } from "@std/assert";
import { run, serving } from "../support/serving.ts";

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"].find((program) => {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
});
if (CHROMIUM === undefined) console.log("left out: there is no Chromium");

/** Forwards connections to a port, and records what the server sends. */
function listenIn(port: number): AsyncDisposable & { port: number; heard: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.Conn[] = [];
  const it = {
    port: listener.addr.port,
    heard: "",
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of conns) conn.close();
      await Promise.allSettled(pipes);
    },
  };
  const pipes: Promise<unknown>[] = [];
  const copy = async (from: Deno.Conn, to: Deno.Conn, note: (bytes: Uint8Array) => void) => {
    const bytes = new Uint8Array(65_536);
    for (let count; (count = await from.read(bytes)) !== null;) {
      note(bytes.subarray(0, count));
      for (let sent = 0; sent < count;) sent += await to.write(bytes.subarray(sent, count));
    }
    await to.closeWrite();
  };
  pipes.push((async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      conns.push(client, server);
      const note = (bytes: Uint8Array) => it.heard += String.fromCharCode(...bytes);
      pipes.push(copy(client, server, () => {}), copy(server, client, note));
    }
  })());
  return it;
}

const PAGE = `<!doctype html><script type="module">
const url = location.search.slice(1);
const report = [];
const headers = { Range: "bytes=1-2", Authorization: "Bearer x" };
for (const options of [{}, {}, { cache: "no-store", headers }]) {
  const reply = await fetch(url, options);
  report.push([reply.status, await reply.text(), reply.headers.get("etag") !== null]);
}
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
</script>`;

Deno.test({
  name: "Chromium reads a value from another origin, and revalidates it with its tag",
  ignore: CHROMIUM === undefined,
  async fn() {
    const reported = Promise.withResolvers<unknown>();
    await using pages = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        if (request.method === "POST") reported.resolve(await request.json());
        return new Response(PAGE, { headers: { "Content-Type": "text/html" } });
      },
    );
    const origin = `http://127.0.0.1:${pages.addr.port}`;
    await using it = await serving(["--cors-origin", origin]);
    await it.ask("SET", "key", "value");
    await using between = listenIn(it.port);
    const folder = await Deno.makeTempDir({ prefix: "redis-proxy-browser-" });
    const browser = new Deno.Command(CHROMIUM!, {
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${folder}`],
        ...["--remote-debugging-port=0", `${origin}/?http://127.0.0.1:${between.port}/key`],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const limit = setTimeout(() => reported.reject(new Error("Nothing from the page")), 60_000);
    try {
      assertEquals(await reported.promise, [
        [200, "value", true],
        [200, "value", true],
        [206, "al", true],
      ]);
      const statuses = [...between.heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      assertEquals(statuses, ["200", "304", "204", "206"]);
      assertMatch(between.heard, /Access-Control-Allow-Headers: /);
    } finally {
      clearTimeout(limit);
      browser.kill("SIGTERM");
      await browser.status;
      await run("rm", ["-rf", folder]);
    }
  },
});
