/** Proxies that are each other's Redis, asked for each other's probes. */
import { assert, assertEquals } from "@std/assert";
import { Failure } from "../../../src/core/types.ts";
import { LoopGuard } from "../../../src/origin/loop_guard.ts";
import { Refused } from "../../../src/origin/refusal.ts";

const AWAY = new Failure("away", "Redis is away: not connected yet");
const GONE = "ORIGINDOWN Redis is away: not connected yet";

/** One proxy asks another one that is not connected for its probe, and reads the answer. */
function ask(from: LoopGuard, to: LoopGuard): string {
  const answer = to.answerTo(from.newKey(), AWAY)!;
  const reply = answer.reason === "reply" ? answer.message : `ORIGINDOWN ${answer.message}`;
  return from.understand(new Refused("GET", reply)).reply;
}

Deno.test("a proxy recognizes its own probe, connected or not", () => {
  const guard = new LoopGuard();
  const keys = [guard.newKey(), guard.newKey()];
  assert(keys[0] !== keys[1], "no cache on the way answers the second from the first");
  for (const loss of [null, AWAY]) {
    for (const key of keys) {
      assertEquals(guard.answerTo(key, loss)?.message, "LOOP The proxy reads from itself");
    }
  }
});

Deno.test("a probe of another proxy is read as any key if there is a Redis", () => {
  const [one, other] = [new LoopGuard(), new LoopGuard()];
  assertEquals(one.answerTo(other.newKey(), null), null);
  assertEquals(one.answerTo("key", AWAY), null);
});

for (let count = 2; count <= 5; count++) {
  Deno.test(`${count} proxies in a circle find that out by asking each other in turn`, () => {
    const circle = Array.from({ length: count }, () => new LoopGuard());
    let found = 0;
    for (let round = 0; round < count; round++) {
      found = 0;
      circle.forEach((guard, index) => {
        const reply = ask(guard, circle[(index + 1) % count]!);
        assert(reply.startsWith("LOOP ") || reply === GONE, reply);
        if (reply.startsWith("LOOP ")) found++;
      });
    }
    assert(found > 0);
  });
}

Deno.test("proxies in a chain that wait for Redis are not a loop, and forget each other once it is there", () => {
  const row = Array.from({ length: 30 }, () => new LoopGuard());
  for (let round = 0; round < 3; round++) {
    for (let index = 1; index < row.length; index++) {
      assertEquals(ask(row[index]!, row[index - 1]!), GONE);
    }
  }
  const [first, second] = [row[0]!, row[1]!];
  second.passed();
  // Now the first reads from the second, which lost its Redis.
  assertEquals(ask(first, second), GONE);
});

Deno.test("LoopGuard.watch() counts in-flight probes, however the attempt ends", async () => {
  const guard = new LoopGuard();
  const during = await guard.watch(() => Promise.resolve(guard.isProbing));
  await guard.watch(() => Promise.reject(new Error("lost"))).catch(() => {});
  assertEquals([during, guard.isProbing], [true, false]);
});
