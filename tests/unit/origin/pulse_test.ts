/** Probes: what their answers prove, and when a connection counts as lost. */
import { assert, assertEquals } from "@std/assert";
import type { Side } from "../../../src/origin/follower.ts";
import { Pulse } from "../../../src/origin/pulse.ts";

/** Long enough that a busy machine does not make a connection look silent. */
const LEASE = 600;

/** A pulse over connections whose answers come when the test says so. */
function pulseOf(...names: readonly Side[]) {
  return pulseEvery(1, ...names);
}

/** The same, if a probe is sent with every so manieth beat. */
function pulseEvery(every: number, ...names: readonly Side[]) {
  const use = { isNeeded: true };
  const asked: PromiseWithResolvers<void>[] = [];
  const notes: string[] = [];
  let bytes = 0;
  const probes = names.map((name) => ({
    name,
    sides: [name],
    ask: () => {
      const answer = Promise.withResolvers<void>();
      asked.push(answer);
      return answer.promise;
    },
    received: () => bytes,
  }));
  const pulse = new Pulse(
    probes,
    LEASE,
    {
      isNeeded: () => use.isNeeded,
      rested: () => notes.push("rested"),
      beat() {},
      answered: (side) => notes.push(side),
      failed: (error) => notes.push(error.message),
      doubted: () => notes.push("doubted"),
    },
    Infinity,
    every,
  );
  return {
    pulse,
    use,
    asked,
    notes,
    receive: () => bytes++,
    [Symbol.dispose]: () => pulse.stop(),
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const start = performance.now(); !isTrue();) {
    assert(performance.now() - start < 10_000, `never: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("a pulse probes each connection, and again only after its answer", async () => {
  using it = pulseOf("data", "invalidation");
  await until(() => it.asked.length === 2);
  await new Promise((resolve) => setTimeout(resolve, LEASE / 3));
  assertEquals([it.asked.length, it.notes], [2, []]);
  it.asked[0]!.resolve();
  await until(() => it.asked.length === 3);
  assertEquals(it.notes, ["data"]);
});

Deno.test("a pulse that probes with every second beat notices silence with every beat", async () => {
  using it = pulseEvery(2, "data");
  const since = performance.now();
  const times: number[] = [];
  while (times.length < 3) {
    const { length } = it.asked;
    await until(() => it.asked.length > length);
    times.push(performance.now() - since);
    it.asked.at(-1)!.resolve();
  }
  assert(times[2]! - times[1]! > LEASE / 4, `${times}`);
  await until(() => it.notes.some((note) => note.includes("silent")));
  // The probe, the patience, and at most one beat.
  assert(performance.now() - since - times[2]! < (1 / 3 + 2 / 3 + 1 / 6 + 1 / 6) * LEASE);
});

Deno.test("a silent connection is lost, and one with arriving bytes is not", async () => {
  using it = pulseOf("data");
  await until(() => it.asked.length === 1);
  for (let part = 0; part < 2 * LEASE; part += LEASE / 10) {
    it.receive();
    await new Promise((resolve) => setTimeout(resolve, LEASE / 10));
  }
  assertEquals(it.notes, []);
  await until(() => it.notes.length > 0);
  assertEquals(it.notes[0], `the data is silent for ${LEASE * 2 / 3} ms`);
});

Deno.test("an answer to a probe from before a jump of the clock proves nothing", async () => {
  const { now } = Date;
  try {
    using it = pulseOf("data");
    await until(() => it.asked.length === 1);
    Date.now = () => now() + 3_600_000;
    await until(() => it.notes.length > 0);
    it.asked[0]!.resolve();
    await until(() => it.asked.length === 2);
    assertEquals(it.notes, ["doubted"]);
    it.asked[1]!.resolve();
    await until(() => it.notes.length > 1);
    assertEquals(it.notes, ["doubted", "data"]);
  } finally {
    Date.now = now;
  }
});

Deno.test("all fences before the next probe share it", async () => {
  using it = pulseOf("data", "invalidation");
  const first = it.pulse.fence();
  await until(() => it.asked.length >= 2);
  const others = [it.pulse.fence(), it.pulse.fence()];
  const answer = () => it.asked.forEach(({ resolve }) => resolve());
  answer();
  assertEquals(await first, true);
  await until(() => it.asked.length >= 4);
  answer();
  assertEquals(await Promise.all(others), [true, true]);
  it.pulse.stop();
  const last = it.pulse.fence();
  await until(() => it.asked.length >= 6);
  it.asked.at(-1)!.reject(new Error("lost"));
  answer();
  assertEquals(await last, false);
});

Deno.test("a pulse that nobody needs rests after all connections have answered, until it is woken", async () => {
  using it = pulseOf("data", "invalidation");
  it.use.isNeeded = false;
  await until(() => it.asked.length === 2);
  it.asked[0]!.resolve();
  await until(() => it.notes.length === 1);
  assertEquals(it.notes, ["data"]);
  it.asked[1]!.resolve();
  await until(() => it.notes.length === 3);
  assertEquals(it.notes, ["data", "invalidation", "rested"]);
  await new Promise((resolve) => setTimeout(resolve, LEASE / 2));
  assertEquals(it.asked.length, 2);
  it.use.isNeeded = true;
  it.pulse.wake();
  assertEquals(it.asked.length, 4, "it probes at once");
  it.pulse.wake();
  assertEquals(it.asked.length, 4, "it is awake already");
  it.asked[2]!.resolve();
  it.asked[3]!.resolve();
  await until(() => it.asked.length === 6);
});

Deno.test("a resting pulse probes after a while: a connection that is lost meanwhile is found", async () => {
  using it = pulseOf("data");
  it.use.isNeeded = false;
  it.pulse.rest = 200;
  await until(() => it.asked.length === 1);
  it.asked[0]!.resolve();
  await until(() => it.asked.length === 2);
  it.asked[1]!.resolve();
  await until(() => it.asked.length === 3);
  await until(() => it.notes.length > 4);
  assertEquals(it.notes, [
    ...["data", "rested", "data", "rested"],
    `the data is silent for ${LEASE * 2 / 3} ms`,
  ]);
});

Deno.test("a pulse that was stopped stays so, whatever is answered later", async () => {
  const it = pulseOf("data");
  it.use.isNeeded = false;
  it.pulse.rest = 1;
  await until(() => it.asked.length === 1);
  it.pulse.stop();
  it.asked[0]!.resolve();
  it.pulse.wake();
  await new Promise((resolve) => setTimeout(resolve, LEASE / 3));
  assertEquals(it.asked.length, 1);
});
