import { assert, assertEquals } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { memoryGroup } from "../support/control_group.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask } from "../support/serving.ts";

const MB = 1024 * 1024;

/** Keys with values of 10 kB, more of them than the cache keeps, and some with values of 1 MB. */
const SMALL = 5000;
const LARGE = 60;

const FILL = `
  for i = 1, ${SMALL} do redis.call("SET", "small:" .. i, string.rep("x", 10000)) end
  for i = 1, ${LARGE} do redis.call("SET", "large:" .. i, string.rep("y", 1000000)) end
  return redis.status_reply("OK")`;

/** Deno takes more memory than the executable, for which this limit holds. */
const ignore = Deno.env.has("RP_TEST_COMMAND");

for (const limit of [96, 128]) {
  const name = `with ${limit} MB of memory, the defaults fit, and misses do not end the process`;
  Deno.test({
    name,
    ignore,
    fn: async (t) => {
      const group = await memoryGroup(limit * MB);
      if (group === null) {
        console.log("cannot make a control group here");
        return;
      }
      await using _group = group;
      await using redis = await startRedisServer();
      assertEquals(await ask(redis.port, "EVAL", FILL, "0"), "+OK");
      await using proxy = await startProxy(redis.port, [], { limits: group.enter });
      const { process, port } = proxy;
      const [, memory] = await process.logged(
        /Fitted the defaults to the memory limit memory-limit=\d+ cache-memory=(\d+) /,
      );
      assert(Number(memory) >= 4 * MB && Number(memory) <= limit * MB / 4, memory);
      await t.step("small values, in pipelines", async () => {
        await Promise.all(Array.from({ length: 20 }, async (_, client) => {
          using conn = await RawClient.connect(port);
          const reply = `$10000\r\n${"x".repeat(10_000)}\r\n`;
          for (let round = 0; round < 30; round++) {
            const keys = Array.from(
              { length: 16 },
              (_, index) => `small:${1 + (client * 977 + round * 131 + index * 17) % SMALL}`,
            );
            const text = await conn.exchange(
              keys.map((key) => request("GET", key)).join(""),
              16 * reply.length,
            );
            assert(text === reply.repeat(16));
          }
        }));
      });
      await t.step("large values, at the same time", async () => {
        await Promise.all(Array.from({ length: 20 }, async (_, client) => {
          using conn = await RawClient.connect(port);
          for (let round = 0; round < 5; round++) {
            await conn.send(request("GET", `large:${1 + (client * 7 + round * 13) % LARGE}`));
            await conn.until("\r\n");
            await conn.bytes(1_000_002);
          }
        }));
      });
      assertEquals(process.isRunning, true);
      const peak = await group.peak();
      console.log(`${Math.round(peak / MB)} MB in use at most`);
      assertEquals(await process.stop(), 0);
    },
  });
}
