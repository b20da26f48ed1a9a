import { assert, assertEquals } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { until } from "../support/serving.ts";

const KEYS = 200;
const RESTARTS = 10;
const CLIENTS = 4;

/** The value of a key; its length and content differ from those of all other keys. */
function valueOf(index: number): string {
  return `value of ${index};`.repeat(1 + index * 3);
}

async function fill(port: number): Promise<void> {
  using redis = await RawClient.connect(port);
  const sets = Array.from(
    { length: KEYS },
    (_, index) => request("SET", `${index}`, valueOf(index)),
  );
  await redis.send(sets.join(""));
  await redis.text(5 * KEYS);
}

/** A client's counts of answers: the key's value, nil after a restart, or an error by name. */
interface Tally {
  values: number;
  errors: number;
  wrong: string[];
}

/** Reads batches of keys and checks every byte, until it is told to end. */
async function load(
  port: number,
  seed: number,
  tally: Tally,
  isOver: () => boolean,
): Promise<void> {
  using client = await RawClient.connect(port);
  for (let next = seed; !isOver();) {
    const batch = Array.from({ length: 16 }, () => (next = (next * 31 + 17) % 1009) % KEYS);
    await client.send(batch.map((index) => request("GET", `${index}`)).join(""));
    for (const index of batch) {
      const line = await client.until("\r\n");
      const value = valueOf(index);
      if (
        line === `$${value.length}\r\n` && await client.text(value.length + 2) === `${value}\r\n`
      ) {
        tally.values++;
      } else if (/^-ORIGIN(DOWN|TIMEOUT|BUSY) /.test(line)) {
        tally.errors++;
      } else if (line !== "$-1\r\n") {
        tally.wrong.push(line);
        return;
      }
    }
    // Stands for a client's own work. Without it, the load would take the whole machine.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("killing and restarting Redis ten times under load gives no wrong byte and no crash, and service returns", async () => {
  const port = freePort();
  let redis = await startRedisServer({ port });
  await fill(port);
  await using proxy = await startProxy(port, ["--cache-timeout", "0.02"]);
  const tally: Tally = { values: 0, errors: 0, wrong: [] };
  let isOver = false;
  const clients = Array.from(
    { length: CLIENTS },
    (_, seed) => load(proxy.port, seed + 1, tally, () => isOver),
  );
  const waits: number[] = [];
  try {
    for (let restart = 0; restart < RESTARTS; restart++) {
      redis.kill("SIGKILL");
      await redis.stop();
      redis = await startRedisServer({ port });
      await fill(port);
      const up = performance.now();
      using probe = await RawClient.connect(proxy.port);
      for (let isBack = false; !isBack;) {
        await probe.send(request("GET", "0"));
        isBack = await probe.until("\r\n") === `$${valueOf(0).length}\r\n`;
        if (isBack) await probe.text(valueOf(0).length + 2);
        else await new Promise((resolve) => setTimeout(resolve, 10));
        assert(performance.now() - up < 5000, "never back");
      }
      waits.push(performance.now() - up);
      const before = tally.values;
      await until(() => tally.values > before + 200 || tally.wrong.length > 0);
    }
  } finally {
    isOver = true;
    await Promise.all(clients);
    await redis.stop();
  }
  assertEquals(tally.wrong, []);
  assert(tally.values >= 200 * RESTARTS, JSON.stringify(tally));
  // A restart may be so quick that every repeated read succeeds, so check the log.
  const losses = proxy.process.stderr.split("No connection to Redis").length - 1;
  assert(losses >= RESTARTS, `${losses} lost connections`);
  assert(Math.max(...waits) < 2000, `back after ${waits.map(Math.round)} ms`);
  assert(proxy.process.isRunning);
  assertEquals(
    proxy.process.stderr.split("\n").filter((line) => / error |Uncaught/.test(line)),
    [],
  );
});
