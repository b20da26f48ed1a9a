/** To which node requests for a slot are sent. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { canaryOf } from "../../../src/topology/cluster/canary.ts";
import { slotOf, SLOTS } from "../../../src/core/slot.ts";
import type { Reply } from "../../../src/origin/wire/reply.ts";
import { Claim } from "../../../src/topology/cluster/claim.ts";
import { SlotMap } from "../../../src/topology/cluster/slot_map.ts";
import { random } from "../../support/wire.ts";
import { Turns } from "../../../src/topology/cluster/turns.ts";
import {
  readRedirection,
  readSlots,
  replicasIn,
  type SlotRange,
} from "../../../src/topology/cluster/slots_reply.ts";

const range = (first: number, last: number, host = "h"): SlotRange => ({
  first,
  last,
  place: { host, port: 1 },
  id: host,
  isNamed: true,
});

Deno.test("a map takes each node's word for its own slots, and another's only before the node has spoken", () => {
  const map = new SlotMap<string>();
  map.fill("a", [range(0, 99)]);
  map.fill("b", [range(100, 199)]);
  assertEquals([map.of(0), map.of(100), map.of(200), map.missing], ["a", "b", null, SLOTS - 200]);
  map.fill("b", [range(0, 250)]);
  assertEquals([map.of(0), map.of(200)], ["a", "b"]);
  assertEquals(map.viewed("c", [range(0, 9)]).indexOf(1), 0);
  assertEquals([map.of(9), map.of(10)], ["c", "a"]);
  assertEquals([...map.owners].sort(), ["a", "b", "c"]);
  assertEquals(map.counts.get("c"), 10);
});

Deno.test("the owners are the same set until a node gets its first slot or loses its last one", () => {
  const map = new SlotMap<string>();
  map.viewed("a", [range(0, SLOTS - 1)]);
  const { owners } = map;
  map.viewed("a", [range(0, SLOTS - 1)]);
  map.fill("b", [range(0, 9)]);
  assertEquals([map.owners === owners, map.missing], [true, 0]);
  map.moved(0, "b");
  assertEquals([...map.owners], ["a", "b"]);
  assertEquals([...map.counts], [["a", SLOTS - 1], ["b", 1]]);
  const two = map.owners;
  map.moved(1, "b");
  assertEquals(map.owners === two, true);
  for (const slot of [0, 1]) map.moved(slot, "a");
  assertEquals([[...map.owners], [...map.counts]], [["a"], [["a", SLOTS]]]);
});

Deno.test("of two nodes that claim a slot, the one that has it keeps it, until a redirection or its end", () => {
  const map = new SlotMap<string>();
  map.viewed("old", [range(0, 99)]);
  assertEquals(map.viewed("new", [range(0, 99)]).indexOf(1), -1);
  assertEquals(map.of(5), "old");
  map.moved(5, "new");
  assertEquals([map.of(5), map.of(6)], ["new", "old"]);
  assertEquals(map.viewed("old", [range(0, 99)])[5], 0);
  map.viewed("new", [range(0, 99)]);
  map.gone("old");
  assertEquals(map.viewed("new", [range(0, 99)]).indexOf(0), 100);
  assertEquals(map.of(6), "new");
});

Deno.test("a slot that its node gives up goes to the one that claims it", () => {
  const map = new SlotMap<string>();
  map.viewed("a", [range(0, 99)]);
  map.viewed("b", [range(50, 99)]);
  assertEquals(map.of(60), "a");
  map.viewed("a", [range(0, 49)]);
  assertEquals(map.viewed("b", [range(50, 99)])[60], 1);
  assertEquals([map.of(49), map.of(60)], ["a", "b"]);
});

Deno.test("readSlots() takes the host that was asked where a node does not name its own", () => {
  const reply = [
    [0, 5460, ["10.0.0.1", 7000, "id1", []], ["10.0.0.4", 7003, "id4", []]],
    [5461, 5461, [null, 7001, "id2"]],
    [5462, 5463, ["?", 7002, "id3"]],
    [5464, 5464, ["", 7004]],
  ];
  assertEquals(readSlots(reply, "asked").map(({ first, last, place }) => [first, last, place]), [
    [0, 5460, { host: "10.0.0.1", port: 7000 }],
    [5461, 5461, { host: "asked", port: 7001 }],
    [5462, 5463, { host: "asked", port: 7002 }],
    [5464, 5464, { host: "asked", port: 7004 }],
  ]);
  assertThrows(() => readSlots("no", "asked"), Error, "no array");
});

Deno.test("readRedirection() reads MOVED and ASK with any host, and nothing else", () => {
  const of = (text: string) => readRedirection(text, "asked");
  const place = (host: string) => ({ host, port: 6381 });
  assertEquals(of("MOVED 3999 127.0.0.1:6381"), {
    kind: "MOVED",
    slot: 3999,
    place: place("127.0.0.1"),
  });
  assertEquals(of("ASK 0 :6381"), { kind: "ASK", slot: 0, place: place("asked") });
  assertEquals(of("ASK 1 ?:6381")?.place, place("asked"));
  assertEquals(of("MOVED 1 fe80::1:6381")?.place, place("fe80::1"));
  assertEquals(of("MOVED 1 [::1]:6381")?.place, place("::1"));
  for (const other of ["WRONGTYPE no", "MOVED", "TRYAGAIN x", "ERR MOVED 1 h:1"]) {
    assertEquals(of(other), null);
  }
});

Deno.test("canaryOf() finds a key of a slot that the node owns, also if it owns only one", () => {
  for (const slot of [0, 1, 5000, SLOTS - 1]) {
    const owned = new Uint8Array(SLOTS);
    owned[slot] = 1;
    assertEquals(slotOf(canaryOf(owned)!), slot);
  }
  assertEquals(canaryOf(new Uint8Array(SLOTS)), null);
});

Deno.test("a map with a clock knows since when a slot has its node", () => {
  let now = 1;
  const map = new SlotMap<string>(() => now);
  assertEquals(map.since(0), -Infinity);
  map.viewed("a", [range(0, 9)]);
  now = 2;
  map.viewed("a", [range(0, 9)]);
  map.moved(3, "b");
  now = 3;
  map.moved(3, "b");
  assertEquals([map.since(0), map.since(3), map.since(10)], [1, 2, -Infinity]);
  assertEquals(new SlotMap<string>().since(0), -Infinity);
});

Deno.test("a replica speaks for a slot that its master has, as long as the master proves it", () => {
  const claim = new Claim();
  const right = () => claim.rightAt(3, 10, 5);
  assertEquals(right(), -Infinity);
  claim.isWitnessed = true;
  claim.viewed(new Uint8Array(SLOTS).fill(1, 3, 4), 8);
  assertEquals(right(), -Infinity);
  claim.answered(7);
  assertEquals([right(), claim.rightAt(2, 10, 5)], [7, -Infinity]);
  claim.answered(9);
  claim.answered(6);
  assertEquals(right(), 8);
  // The proof must be later than the slot.
  assertEquals([4, 5, 6].map((provenAt) => claim.rightAt(3, provenAt, 5)), [
    ...[-Infinity, -Infinity, 8],
  ]);
  claim.isWitnessed = false;
  assertEquals(right(), -Infinity);
  claim.isWitnessed = true;
  claim.reset();
  assertEquals(right(), -Infinity);
});

Deno.test("replicasIn() names each replica of a master once, where it can be reached", () => {
  const [master, one, two] = [["10.0.0.1", 7000, "id"], ["10.0.0.4", 7003, "id"], ["?", 7004, ""]];
  const reply = [[0, 1, master, one], [2, 2, one, two], [3, 3, master], [4, 5, master, one, two]];
  assertEquals(replicasIn(reply as Reply, "asked", "10.0.0.1:7000"), [
    { host: "10.0.0.4", port: 7003 },
    { host: "asked", port: 7004 },
  ]);
  assertEquals(replicasIn(reply as Reply, "asked", "10.0.0.9:7000"), []);
  assertEquals(replicasIn("no", "asked", "10.0.0.1:7000"), []);
});

Deno.test("work waits for its turn: so many at once, in their order, also after a failure", async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const all = ends.map(({ promise }, at) =>
    turns.take(() => {
      begun.push(at);
      return promise;
    })
  );
  assertEquals(begun, [0, 1]);
  ends[1]!.reject(new Error("failed"));
  await assertRejects(() => all[1]!, Error, "failed");
  assertEquals(begun, [0, 1, 2]);
  for (const { resolve } of ends) resolve();
  await Promise.all(all.filter((_, at) => at !== 1));
  assertEquals(begun, [0, 1, 2, 3]);
});

Deno.test("SlotMap knows the node of each slot while nodes come and go", () => {
  const map = new SlotMap<string>();
  const owners: (string | null)[] = new Array(SLOTS).fill(null);
  const next = random(1);
  for (let step = 0; step < 3000; step++) {
    // Of each node that had slots, the last ones soon go to others.
    const node = `node ${Math.floor(step / 100) + Math.floor(next() * 4)}`;
    const slot = Math.floor(next() * 50);
    map.moved(slot, node);
    owners[slot] = node;
    assertEquals(map.of(slot), node);
  }
  assertEquals(Array.from({ length: SLOTS }, (_, slot) => map.of(slot)), owners);
  assertEquals(map.owners, new Set(owners.filter((owner) => owner !== null)));
  assertEquals(map.missing, owners.filter((owner) => owner === null).length);
});
