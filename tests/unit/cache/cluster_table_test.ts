/** The table of a cluster: what node events do to entries of this node, and of others. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { ClusterChannel } from "../../../src/cache/cluster/cluster_channel.ts";
import { clusterFollower } from "../../../src/cache/cluster/cluster_follower.ts";
import { ClusterTable } from "../../../src/cache/cluster/cluster_table.ts";
import { Tenures } from "../../../src/cache/cluster/tenures.ts";
import { CacheKey } from "../../../src/cache/key.ts";
import { Policies } from "../../../src/cache/policy.ts";
import { slotOf, SLOTS } from "../../../src/core/slot.ts";
import { Stats } from "../../../src/core/stats.ts";
import { Found } from "../../../src/core/types.ts";
import type { NodeFollower } from "../../../src/origin/follower.ts";

const LEASE = 1000;
const FOREVER = { value: 60_000, absence: 60_000 };
const POLICY = {
  ...{ pattern: "*", tracked: FOREVER, untracked: FOREVER, staleIfError: 0, valueLimit: 1000 },
  ...{ jitter: 0, refreshAfter: Infinity },
};

/** A cluster of two nodes, each with half of the slots, and a clock that the test sets. */
function cluster() {
  const clock = { now: 0 };
  const tenures = new Tenures(LEASE);
  const channel = new ClusterChannel({ mode: "auto", lease: LEASE }, tenures);
  const table = new ClusterTable(channel, new Policies(POLICY, []), new Stats(), {
    entries: 100,
    bytes: 1e6,
  });
  const follower = clusterFollower(table, new Stats(), () => clock.now);
  const connect = (name: string, isOwned: (slot: number) => boolean) => {
    const node = follower.node(name);
    const owned = Uint8Array.from({ length: SLOTS }, (_, slot) => Number(isOwned(slot)));
    const up = () => {
      node.up("inline", clock.now, true, name);
      node.witnessed();
      node.viewed(owned, clock.now);
    };
    up();
    return { node, up };
  };
  const isFirst = (slot: number) => slot < SLOTS / 2;
  const a = connect("a:1", isFirst);
  const b = connect("b:1", (slot) => !isFirst(slot));
  const keyOf = (isWanted: (slot: number) => boolean) => {
    for (let at = 0;; at++) if (isWanted(slotOf(`k${at}`))) return `k${at}`;
  };
  const keys = { a: keyOf(isFirst), b: keyOf((slot) => !isFirst(slot)) };
  const begin = (key: string) => {
    const flight = table.begin(new CacheKey(key));
    flight.sent(clock.now);
    return flight;
  };
  const read = (key: string, value: string | null = "v") =>
    begin(key).settled(value === null ? null : new Found(Buffer.from(value)), clock.now);
  const isHit = (key: string) => {
    const { entry } = table.look(new CacheKey(key));
    return entry !== undefined && table.holds(entry, clock.now);
  };
  /** Whether the keys of both nodes are hits. */
  const hits = () => [isHit(keys.a), isHit(keys.b)];
  const all = (...names: string[]) => names.forEach((key) => read(key));
  return { clock, table, follower, a, b, keys, begin, read, isHit, hits, all };
}

Deno.test("an entry of a cluster is a hit until its node is lost, and again only once it is read anew", () => {
  const it = cluster();
  it.all(it.keys.a, it.keys.b);
  assertEquals(it.hits(), [true, true]);
  it.a.node.down(it.clock.now);
  assertEquals(it.hits(), [false, true]);
  it.a.up();
  assertEquals(it.hits(), [false, true]);
  it.read(it.keys.a);
  assertEquals(it.hits(), [true, true]);
});

Deno.test("a flush of one node drops its entries alone, and a flush of all drops all", () => {
  const it = cluster();
  it.all(it.keys.a, it.keys.b);
  it.a.node.flush();
  assertEquals(it.hits(), [false, true]);
  it.read(it.keys.a);
  assertEquals(it.hits(), [true, true]);
  it.table.flush();
  assertEquals(it.hits(), [false, false]);
  it.all(it.keys.a, it.keys.b);
  assertEquals(it.hits(), [true, true]);
});

Deno.test("a read that was under way while its slot moved, its node was lost or flushed is not kept", () => {
  const events: ((it: ReturnType<typeof cluster>) => void)[] = [
    (it) => it.follower.lost(slotOf(it.keys.a)),
    (it) => it.a.node.down(it.clock.now),
    (it) => {
      it.a.node.down(it.clock.now);
      it.a.up();
    },
    (it) => it.a.node.flush(),
    (it) => it.a.node.invalidate(it.keys.a),
    (it) => it.table.flush(),
  ];
  for (const event of events) {
    const it = cluster();
    const flight = it.begin(it.keys.a);
    event(it);
    flight.settled(new Found(Buffer.from("old")), it.clock.now);
    assertEquals(it.isHit(it.keys.a), false, `${event}`);
  }
});

Deno.test("a missing key is a hit for a lease at most, a value for as long as it is proven", () => {
  const it = cluster();
  it.read(it.keys.a, null);
  it.read(it.keys.b);
  assertEquals(it.hits(), [true, true]);
  it.clock.now = LEASE;
  for (const { node } of [it.a, it.b] as { node: NodeFollower }[]) {
    for (const side of ["data", "invalidation"] as const) node.answered(side, LEASE);
  }
  assertEquals(it.hits(), [false, true]);
});
