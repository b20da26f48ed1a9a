import { assertEquals } from "@std/assert";
import type { Flight } from "../../../src/core/types.ts";
import { Departures } from "../../../src/topology/cluster/departures.ts";

/** Departures, the trips that have left, and the end of the turn. */
function rig() {
  const trips: string[] = [];
  const nodes = ["a", "b"].map((name) => ({
    read: (flights: readonly Flight[]) => trips.push(`${name} ${flights.length}`),
  }));
  const ends: (() => void)[] = [];
  const departures = new Departures<typeof nodes[0]>((end) => ends.push(end));
  const flight = { key: "k", sent() {}, narrow: () => null, settled() {} };
  return {
    trips,
    ends,
    /** A trip from the cache with so many flights to each node. */
    add: (...counts: number[]) => {
      counts.forEach((count, node) => {
        for (let index = 0; index < count; index++) departures.add(nodes[node]!, flight);
      });
      departures.added();
    },
    endTurn: () => ends.splice(0).forEach((end) => end()),
  };
}

Deno.test("flights of one turn leave together for each node, at the end of the turn", () => {
  const it = rig();
  it.add(5, 6);
  it.add(5, 5);
  assertEquals([it.trips, it.ends.length], [[], 1]);
  it.endTurn();
  assertEquals(it.trips, ["a 10", "b 11"]);
  it.endTurn();
  it.add(1);
  it.endTurn();
  assertEquals(it.trips, ["a 10", "b 11", "a 1"]);
});

Deno.test("flights that are enough for a trip leave at once", () => {
  const it = rig();
  it.add(15, 1);
  assertEquals(it.trips, []);
  it.add(1);
  assertEquals(it.trips, ["a 16"]);
  it.add(3);
  it.add(17, 0);
  assertEquals(it.trips, ["a 16", "a 20"]);
  it.endTurn();
  assertEquals(it.trips, ["a 16", "a 20", "b 1"]);
});

Deno.test("the keys of one request to a node leave in one trip, however many they are", () => {
  const it = rig();
  it.add(100, 40);
  assertEquals(it.trips, ["a 100", "b 40"]);
});
