/** Slots of keys, compared with those of a real node. */
import { assertEquals } from "@std/assert";
import { slotOf } from "../../../src/core/slot.ts";
import { startRedisServer } from "../../../tools/redis_server.ts";
import { Connection } from "../../../src/origin/wire/connection.ts";

Deno.test("slotOf() agrees with CLUSTER KEYSLOT on every byte, and on tags of all forms", async () => {
  await using redis = await startRedisServer({ args: ["--cluster-enabled", "yes"] });
  const connection = new Connection(
    await Deno.connect({ hostname: redis.host, port: redis.port }),
  );
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const tags = ["{a}", "x{a}y", "{}", "x{}{b}", "{a}{b}", "{{a}}", "{a", "a}", "}{a}", "{a{b}c}"];
  const keys = [
    ...["", "123456789", "foo", "x".repeat(1000)],
    ...bytes,
    ...bytes.map((byte) => `k${byte}{t${byte}}`),
    ...tags,
  ];
  const slots = await Promise.all(keys.map((key) => connection.call("CLUSTER", "KEYSLOT", key)));
  connection.close("the test is over");
  assertEquals(keys.map(slotOf), slots as number[]);
});
