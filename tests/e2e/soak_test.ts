/** Short runs of `make soak` over one Redis. */
import { assert, assertEquals } from "@std/assert";
import { NoIdentity } from "../support/mutants.ts";
import { race } from "../soak/race.ts";
import { ONE_REDIS } from "../soak/redis_rig.ts";
import { faultsOf, soak } from "../soak/soak.ts";
import { PATH_WAYS, WAYS } from "../support/ways.ts";

const LOAD = { readers: 12, writers: 2, through: 3, keys: 32, lease: 500 };

Deno.test("without faults, readers never see an outdated value for long", async () => {
  const report = await soak(ONE_REDIS, { ...LOAD, seconds: 3, faults: [] });
  const { violations, unequal, leftovers, errors } = report;
  assertEquals([violations, unequal, leftovers, errors], [[], [], [], {}]);
  assert(report.reads > 1000 && report.writes > 100, JSON.stringify(report));
  assert(report.strictReads > 300, JSON.stringify(report));
  assertEquals(report.strictStale, 0);
});

for (const { name, mode: trackingMode, program } of WAYS) {
  Deno.test(`with one fault after the other, no answer is too old, and every key recovers: ${name}`, async () => {
    const faults = faultsOf(ONE_REDIS, trackingMode);
    const report = await soak(ONE_REDIS, { ...LOAD, seconds: 8, faults, trackingMode, program });
    assertEquals([report.violations, report.unequal, report.leftovers], [[], [], []]);
    assert(report.reads > 1000 && report.faults > 3, JSON.stringify(report));
    assertEquals(report.strictStale, 0);
  });
}

Deno.test("large values that change all the time are as fresh as small ones, even with faults", async () => {
  for (const [seconds, faults] of [[2, []], [5, faultsOf(ONE_REDIS)]] as const) {
    const report = await soak(ONE_REDIS, { ...LOAD, seconds, faults, large: 300_000 });
    assertEquals([report.violations, report.unequal, report.leftovers], [[], [], []]);
    assert(report.reads > 500, JSON.stringify(report));
  }
});

for (const way of WAYS) {
  const trials = way.program === "redis-server" ? 500 : 100;

  Deno.test(`a change during a read leaves no key stale: ${way.name}`, async () => {
    const { stale, detached } = await race(trials, way);
    // In line, no invalidation overtakes the answer before it.
    assertEquals([stale, detached], [0, way.mode === "redirect" ? trials : 0]);
  });
}

Deno.test("the same race leaves keys stale without the identity of flights", async () => {
  const { stale } = await race(100, PATH_WAYS.find(({ mode }) => mode === "redirect")!, NoIdentity);
  assertEquals(stale, 100);
});
