import { assert, assertEquals } from "@std/assert";
import { request } from "../support/client.ts";
import { run, serving } from "../support/serving.ts";

/** Idle clients, as many as the limit of open files allows, and busy ones beside them. */
const IDLE = Math.min(10_000, await openFiles() - 200);
const BUSY = 50;

/** Memory that an idle client may cost, in bytes: buffer, session, and Deno's share. */
const IDLE_BYTES = 20 * 1024;

async function openFiles(): Promise<number> {
  const { stdout } = await run("sh", ["-c", "ulimit -n"]);
  return Number(stdout) || 1024;
}

/** Resident memory of the process, in bytes; 0 if unknown. */
async function residentOf(pid: number): Promise<number> {
  const { stdout } = await run("cat", [`/proc/${pid}/status`]);
  return Number(/VmRSS:\s+(\d+) kB/.exec(stdout)?.[1] ?? 0) * 1024;
}

Deno.test(`${IDLE} idle clients and ${BUSY} busy ones are served at once`, async () => {
  await using it = await serving(["--max-clients", `${IDLE + BUSY + 1}`]);
  await it.ask("SET", "key", "value");
  const { pid } = it.proxy.process;
  const idle: Deno.TcpConn[] = [];
  const reply = new Uint8Array(7);
  try {
    const ping = new TextEncoder().encode("PING\r\n");
    const connect = async () => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: it.port });
      idle.push(conn);
      await conn.write(ping);
      assertEquals(await conn.read(reply), 7);
    };
    for (let count = 0; count < 100; count++) await connect();
    const before = await residentOf(pid);
    while (idle.length < IDLE) await Promise.all(Array.from({ length: 50 }, connect));
    const perClient = (await residentOf(pid) - before) / (idle.length - 100);
    console.log(`${Math.round(perClient)} bytes for each idle client`);
    assert(perClient < IDLE_BYTES, `${perClient} bytes for each idle client`);

    const wanted = "$5\r\nvalue\r\n".repeat(20);
    await Promise.all(Array.from({ length: BUSY }, async () => {
      using client = await it.connect();
      for (let round = 0; round < 20; round++) {
        assertEquals(
          await client.exchange(request("GET", "key").repeat(20), wanted.length),
          wanted,
        );
      }
    }));
    const last = idle.at(-1)!;
    await last.write(ping);
    assertEquals(await last.read(reply), 7);
  } finally {
    for (const conn of idle) conn.close();
  }
});
