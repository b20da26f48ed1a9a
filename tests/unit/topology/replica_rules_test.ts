/** The rules about replicas one by one: proofs, known keys, roles, and which server is the nearest. */
import { assertEquals } from "@std/assert";
import type { OriginAddress } from "../../../src/origin/address.ts";
import { Ahead } from "../../../src/topology/replicas/ahead.ts";
import { nearest, NEAREST_IS_MASTER } from "../../../src/topology/replicas/choice.ts";
import { Fence } from "../../../src/topology/replicas/fence.ts";
import { masterRole, replicaRole, streamOf } from "../../../src/topology/replicas/roles.ts";

Deno.test("a replica is proven up to the last question whose offset it has reached", () => {
  const fence = new Fence();
  fence.applied(1000);
  assertEquals(fence.provenAt, -Infinity);
  fence.asked(100, 1);
  fence.asked(200, 2);
  fence.applied(99);
  assertEquals([fence.provenAt, fence.lag], [-Infinity, 101]);
  fence.applied(100);
  assertEquals([fence.provenAt, fence.lag], [1, 100]);
  fence.asked(200, 3);
  fence.applied(200);
  assertEquals([fence.provenAt, fence.lag], [3, 0]);
  fence.applied(100);
  assertEquals(fence.provenAt, 3);
  fence.reset();
  assertEquals(fence.provenAt, -Infinity);
});

Deno.test("a replica that always lags is proven by old questions, however many came since", () => {
  const fence = new Fence();
  for (let at = 1; at <= 1000; at++) fence.asked(at, at);
  fence.applied(5);
  assertEquals(fence.provenAt, 5);
  fence.asked(2000, 2000);
  fence.applied(2000);
  assertEquals(fence.provenAt, 2000);
});

Deno.test("a key is read at the master until the proof is later than what its client knows", () => {
  const ahead = new Ahead();
  assertEquals(ahead.isReached("k", 0), true);
  ahead.note("k", 10);
  assertEquals([9, 10, 11].map((at) => ahead.isReached("k", at)), [false, false, true]);
  assertEquals(ahead.isReached("other", 0), true);
  ahead.begin("k", 20);
  ahead.begin("k", 21);
  ahead.end("k", 22);
  assertEquals([ahead.isReading("k"), ahead.isReached("k", 99)], [true, false]);
  ahead.end("k", 30);
  assertEquals([ahead.isReading("k"), ahead.isReached("k", 30), ahead.isReached("k", 31)], [
    ...[false, false, true],
  ]);
  ahead.noteAll(40);
  assertEquals([ahead.isReached("other", 40), ahead.isReached("other", 41)], [false, true]);
});

Deno.test("known keys are forgotten once they are reached, and if there are too many, all count as known", () => {
  const ahead = new Ahead(3);
  for (const [at, key] of ["a", "b", "c"].entries()) ahead.note(key, at);
  ahead.reached(1);
  assertEquals(ahead.size, 2);
  ahead.note("d", 5);
  assertEquals([ahead.size, ahead.isReached("x", 5)], [3, true]);
  ahead.begin("e", 6);
  assertEquals(ahead.isReached("x", 6), false);
  ahead.note("f", 7);
  // What is being read stays known.
  for (let at = 8; at < 20; at++) ahead.note(`${at}`, at);
  assertEquals([ahead.isReached("e", 99), ahead.size <= 3], [false, true]);
});

Deno.test("ROLE and INFO tell offsets, replicas and streams; other answers tell nothing", () => {
  assertEquals(masterRole(["master", 12, [["10.0.0.2", "6380", "10"], ["", "1", "0"]]]), {
    offset: 12,
    replicas: [{ host: "10.0.0.2", port: 6380 }],
  });
  assertEquals(masterRole(["slave", "h", 1, "connected", 5]), null);
  assertEquals(masterRole("?"), null);
  assertEquals(replicaRole(["slave", "h", 6379, "connected", 5]), { offset: 5, master: "h:6379" });
  for (const state of ["connect", "connecting", "sync"]) {
    assertEquals(replicaRole(["slave", "h", 6379, state, -1]), null);
  }
  assertEquals(replicaRole(["master", 1, []]), null);
  assertEquals(streamOf("# Replication\r\nrole:slave\r\nmaster_replid:0f\r\n"), "0f");
  assertEquals(streamOf("role:master\r\n"), null);
});

Deno.test("the nearest server is read, and left only for one that is much nearer", () => {
  const at = (distance: number) => ({ address: {} as OriginAddress, distance });
  const [near, far] = [at(1), at(2)];
  const master = { why: NEAREST_IS_MASTER };
  assertEquals(nearest([far, near], undefined, 9), { replica: near });
  assertEquals(nearest([far, near], undefined, 1), master);
  assertEquals(nearest([far, near], undefined, 1.2), master);
  assertEquals(nearest([far, near], near, 0.8), { replica: near });
  assertEquals(nearest([far, near], near, 0.6), master);
  assertEquals(nearest([near, at(0.8)], near, 9), { replica: near });
  const other = at(0.6);
  assertEquals(nearest([near, other], near, 9), { replica: other });
});
