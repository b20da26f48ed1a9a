/** A short run of `make soak` over a cluster. */
import { assert, assertEquals } from "@std/assert";
import { CLUSTER } from "../soak/cluster_faults.ts";
import { soak } from "../soak/soak.ts";
import { enterOwnNetwork, leaveOwnNetwork } from "../support/own_network.ts";

const LOAD = { readers: 12, writers: 2, through: 3, keys: 32, lease: 1000 };

Deno.test("reads are at most a lease old while a cluster is resharded, fails over and is partitioned", async () => {
  const why = await enterOwnNetwork();
  if (why !== null) console.log(`The network is not partitioned: ${why}`);
  const all = ["migration", "taken-slots", "failover", "kill", "freeze", "hang", "restart"];
  const faults = [...all, ...why === null ? ["partition"] : []];
  const report = await soak(CLUSTER, { ...LOAD, faults }).finally(leaveOwnNetwork);
  assertEquals([report.violations, report.unequal, report.leftovers], [[], [], []]);
  assertEquals([report.faults, report.strictStale], [faults.length, 0]);
  assert(report.reads > 5000 && report.strictReads > 500, JSON.stringify(report));
  assert(report.unsure < report.writes / 2, JSON.stringify(report));
  assert(report.recovery <= 2000, `every key was served after ${report.recovery} ms`);
});
