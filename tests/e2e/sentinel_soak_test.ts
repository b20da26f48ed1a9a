/** A short run of `make soak` over sentinels. */
import { assert, assertEquals } from "@std/assert";
import { SENTINELS } from "../soak/sentinel_faults.ts";
import { soak } from "../soak/soak.ts";

const LOAD = { readers: 12, writers: 2, through: 3, keys: 32, lease: 1000 };

Deno.test("reads are at most a lease old while sentinels choose another master", async () => {
  const faults = ["failover"];
  const report = await soak(SENTINELS, { ...LOAD, faults });
  assertEquals([report.violations, report.unequal, report.leftovers], [[], [], []]);
  assertEquals([report.faults, report.strictStale], [faults.length, 0]);
  assert(report.reads > 1000 && report.strictReads > 100, JSON.stringify(report));
});
