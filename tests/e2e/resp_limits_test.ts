import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { run, serving, until } from "../support/serving.ts";

const MB = 1024 * 1024;

/** Resident memory of the process, in bytes; 0 if unknown. */
async function residentOf(pid: number): Promise<number> {
  const { stdout } = await run("cat", [`/proc/${pid}/status`]);
  return Number(/VmRSS:\s+(\d+) kB/.exec(stdout)?.[1] ?? 0) * 1024;
}

/** The number of clients that the proxy has cut off. */
async function cutOff(port: number): Promise<number> {
  using client = await RawClient.connect(port);
  await client.send("INFO proxy\r\nQUIT\r\n");
  return Number(/cut_off_clients:(\d+)/.exec(await client.rest())?.[1]);
}

Deno.test("clients that read no replies are cut off beyond --reply-memory, and others are served", async () => {
  await using it = await serving(["--reply-memory", "32mb", "--cache-memory", "1mb"]);
  const value = "v".repeat(16 * MB);
  for (const name of "abcdefgh") await it.ask("SET", name, value);
  const clients: RawClient[] = [];
  try {
    for (const name of "abcdefgh") {
      const client = await it.connect();
      clients.push(client);
      await client.send(request("GET", name));
    }
    await until(async () => await cutOff(it.port) >= 6);
    using reader = await it.connect();
    await reader.send(request("STRLEN", "a") + request("GET", "a"));
    const head = `:${16 * MB}\r\n$${16 * MB}\r\n`;
    assertEquals(await reader.text(head.length), head);
    assert(await reader.text(16 * MB) === value, "other bytes");
  } finally {
    for (const client of clients) client.close();
  }
});

Deno.test("a refused request of 500 MB is not buffered, and its connection stays open", async () => {
  await using it = await serving(["--read-only", "yes"]);
  using client = await it.connect();
  await client.send("PING\r\n");
  assertEquals(await client.text(7), "+PONG\r\n");
  const before = await residentOf(it.proxy.process.pid);
  const size = 500 * MB;
  await client.send(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${size}\r\n`);
  const piece = new Uint8Array(4 * MB);
  for (let sent = 0; sent < size; sent += piece.length) await client.send(piece);
  await client.send("\r\nPING\r\n");
  assertMatch(await client.until("\r\n"), /^-ERR unknown command 'SET' for this read cache/);
  assertEquals(await client.text(7), "+PONG\r\n");
  const grown = await residentOf(it.proxy.process.pid) - before;
  assert(grown < size / 2, `${grown} bytes more`);
});

Deno.test("announced bytes cost no memory before they arrive", async () => {
  await using it = await serving();
  for (
    const [bytes, why] of [
      ["*3000000000\r\n", "invalid multibulk length"],
      ["*1\r\n$2000000000\r\n", "invalid bulk length"],
    ] as const
  ) {
    using client = await it.connect();
    await client.send(bytes);
    assertEquals(await client.rest(), `-ERR Protocol error: ${why}\r\n`);
  }
});

Deno.test("silent connections and unfinished requests end in time", async () => {
  await using it = await serving(["--idle-timeout", "1", "--request-timeout", "1"]);
  using idle = await it.connect();
  using begun = await it.connect();
  await begun.send("*2\r\n$3\r\nGE");
  using alive = await it.connect();
  const ended = Promise.all([idle.rest(), begun.rest()]);
  let isEnded = false;
  ended.then(() => isEnded = true);
  while (!isEnded) assertEquals(await alive.exchange("PING\r\n", 7), "+PONG\r\n");
  assertEquals(await ended, ["", ""]);
});
