// Common HTTP clients, each with a small value, an empty value, a missing key, and 300 MB.
import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { run, type Serving, serving } from "../support/serving.ts";

const LARGE_BYTES = 300 * 1024 * 1024;

/** Serves the values that all clients get. */
async function withValues(work: (it: Serving) => Promise<void>): Promise<void> {
  await using it = await serving([
    "--cache-memory",
    "1gb",
    "--reply-memory",
    "1gb",
    "--redis-timeout",
    "10",
  ]);
  await it.ask("SET", "small", "value");
  await it.ask("SET", "empty", "");
  await it.ask("SETRANGE", "large", `${LARGE_BYTES - 3}`, "end");
  await work(it);
}

/** The SHA-256 of the large value. */
function largeHash(): string {
  const hash = createHash("sha256");
  const zeros = new Uint8Array(1024 * 1024);
  for (let left = LARGE_BYTES - 3; left > 0; left -= zeros.length) {
    hash.update(zeros.subarray(0, Math.min(left, zeros.length)));
  }
  return hash.update("end").digest("hex");
}

/** Whether a program is installed; prints a line if it is not. */
function lacks(program: string): boolean {
  try {
    new Deno.Command(program, { args: ["--help"], stdout: "null", stderr: "null" }).outputSync();
    return false;
  } catch {
    console.log(`left out: there is no ${program}`);
    return true;
  }
}

/** The same for node: if there is none, Deno puts itself on PATH under that name. */
function lacksNode(): boolean {
  if (lacks("node")) return true;
  const args = ["-p", "typeof Deno"];
  const { stdout } = new Deno.Command("node", { args, stderr: "null" }).outputSync();
  if (new TextDecoder().decode(stdout).trim() === "undefined") return false;
  console.log("left out: there is no node but Deno");
  return true;
}

/** Runs a program that must succeed, and returns what it prints. */
async function output(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** The output of all scripted clients: status, length and SHA-256 of each reply, in this order. */
function expected(): string {
  const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
  return [
    `200 5 ${hashOf("value")}`,
    `200 0 ${hashOf("")}`,
    `404 12 ${hashOf("No such key\n")}`,
    `200 ${LARGE_BYTES} ${largeHash()}`,
    "304 0 -",
    "206 2 -",
    "",
  ].join("\n");
}

const PYTHON = `
import hashlib, http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
for path in ("/small", "/empty", "/none", "/large"):
    c.request("GET", path)
    r = c.getresponse()
    h, n = hashlib.sha256(), 0
    while part := r.read(1 << 20):
        h.update(part); n += len(part)
    print(r.status, n, h.hexdigest())
    sock = c.sock
c.request("HEAD", "/small")
r = c.getresponse(); r.read()
for fields in ({"If-None-Match": r.headers["ETag"]}, {"Range": "bytes=1-2"}):
    c.request("GET", "/small", headers=fields)
    r = c.getresponse()
    print(r.status, len(r.read()), "-")
assert c.sock is sock, "the connection was not kept"
`;

const NODE = `
const { createHash } = require("node:crypto");
const at = (path) => "http://127.0.0.1:" + process.argv[1] + path;
(async () => {
  for (const path of ["/small", "/empty", "/none", "/large"]) {
    const reply = await fetch(at(path));
    const hash = createHash("sha256");
    let length = 0;
    for await (const part of reply.body ?? []) hash.update(part), length += part.length;
    console.log(reply.status, length, hash.digest("hex"));
  }
  const { headers } = await fetch(at("/small"), { method: "HEAD" });
  for (const fields of [{ "If-None-Match": headers.get("etag") }, { Range: "bytes=1-2" }]) {
    const reply = await fetch(at("/small"), { headers: fields });
    console.log(reply.status, (await reply.arrayBuffer()).byteLength, "-");
  }
})();
`;

Deno.test({
  name: "Python's http.client gets everything on one connection",
  ignore: lacks("python3"),
  fn: () =>
    withValues(async ({ port }) => {
      assertEquals(await output("python3", "-c", PYTHON, `${port}`), expected());
    }),
});

Deno.test({
  name: "Node's fetch, which is undici, gets everything",
  ignore: lacksNode(),
  fn: () =>
    withValues(async ({ port }) => {
      assertEquals(await output("node", "-e", NODE, `${port}`), expected());
    }),
});

Deno.test("curl gets 300 MB, resumes, revalidates and posts", async () => {
  await withValues(async ({ port }) => {
    const folder = await Deno.makeTempDir({ prefix: "redis-proxy-curl-" });
    try {
      const at = (path: string) => `http://127.0.0.1:${port}${path}`;
      const file = `${folder}/large`;
      const curl = (...args: string[]) => output("curl", "-sS", "-m", "60", ...args);
      const told = "%{http_code} %{size_download}";
      assertEquals(await curl("-o", file, "-w", told, at("/large")), `200 ${LARGE_BYTES}`);
      assertEquals((await output("sha256sum", file)).split(" ")[0], largeHash());
      await Deno.truncate(file, LARGE_BYTES - 1000);
      assertEquals(await curl("-C", "-", "-o", file, "-w", told, at("/large")), "206 1000");
      assertEquals((await output("sha256sum", file)).split(" ")[0], largeHash());
      const tag = `${folder}/etag`;
      assertEquals(await curl("--etag-save", tag, at("/small")), "value");
      const again = ["--etag-compare", tag, "-o", `${folder}/small`, "-w", told];
      assertEquals(await curl(...again, at("/small")), "304 0");
      // 1 MB of body: curl asks first, with Expect: 100-continue.
      await Deno.writeFile(`${folder}/body`, new Uint8Array(1024 * 1024 + 1));
      const post = ["--data-binary", `@${folder}/body`, "-o", `${folder}/reply`];
      const posted = await curl("-w", "%{http_code} %{size_upload}", ...post, at("/small"));
      assertEquals(posted, "405 0");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

Deno.test({
  name: "wget gets 300 MB, an empty file, and goes on where it was cut",
  ignore: lacks("wget"),
  fn: () =>
    withValues(async ({ port }) => {
      const folder = await Deno.makeTempDir({ prefix: "redis-proxy-wget-" });
      try {
        const at = (path: string) => `http://127.0.0.1:${port}${path}`;
        const wget = (...args: string[]) =>
          output("wget", "-q", "--tries=1", "-P", folder, ...args);
        await wget(at("/small"), at("/empty"), at("/large"));
        assertEquals(await Deno.readTextFile(`${folder}/small`), "value");
        assertEquals((await Deno.stat(`${folder}/empty`)).size, 0);
        assertEquals((await output("sha256sum", `${folder}/large`)).split(" ")[0], largeHash());
        await Deno.truncate(`${folder}/large`, 1024);
        await wget("-c", at("/large"));
        assertEquals((await output("sha256sum", `${folder}/large`)).split(" ")[0], largeHash());
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
});

Deno.test({
  name: "ab keeps its connections, with HTTP/1.0",
  ignore: lacks("ab"),
  fn: () =>
    withValues(async ({ port }) => {
      const said = await output("ab", "-q", "-k", "-n500", "-c5", `http://127.0.0.1:${port}/small`);
      assertMatch(
        said,
        /Complete requests: +500\nFailed requests: +0\nKeep-Alive requests: +500\n/,
      );
    }),
});

Deno.test({
  name: "wrk gets only values",
  ignore: lacks("wrk"),
  fn: () =>
    withValues(async ({ port }) => {
      const said = await output("wrk", "-t1", "-c5", "-d1s", `http://127.0.0.1:${port}/small`);
      assertMatch(said, /Requests\/sec: +[1-9]/);
      assertEquals(/Non-2xx|Socket errors/.test(said), false, said);
    }),
});
