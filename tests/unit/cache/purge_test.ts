import { assertEquals } from "@std/assert";
import { Found } from "../../../src/core/types.ts";
import { CacheKey } from "../../../src/cache/key.ts";
import { Channel } from "../../../src/cache/channel.ts";
import { Policies } from "../../../src/cache/policy.ts";
import { Table } from "../../../src/cache/table.ts";
import { generalPolicy } from "../../../src/app/defaults.ts";
import { parseConfig } from "../../../src/config/mod.ts";
import { Stats } from "../../../src/core/stats.ts";

/** A table with these entries. */
function tableOf(keys: Iterable<string>): Table {
  const { values } = parseConfig(["--coherence", "off", "--cache-timeout", "1h"], {}, () => "");
  const policies = new Policies(generalPolicy(values), []);
  const channel = new Channel({ mode: "off", lease: 3000 }, 0);
  const table = new Table(channel, policies, new Stats(), { entries: 20_000, bytes: 2 ** 25 });
  for (const key of keys) put(table, key);
  return table;
}

function put(table: Table, key: string): void {
  const flight = table.begin(new CacheKey(key));
  flight.sent(0);
  flight.settled(new Found(new Uint8Array(3)), 0);
}

function numbered(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `${index % 2 === 0 ? "even" : "odd"}:${index}`,
  );
}

Deno.test("a purge drops exactly the wanted entries, of few and of many", () => {
  for (const count of [1, 2, 999, 1000, 1001, 5000]) {
    const keys = numbered(count);
    const table = tableOf(keys);
    assertEquals(new Set(table.keys()), new Set(keys), `${count} keys`);
    assertEquals(table.purgePrefix("odd:"), Math.floor(count / 2));
    const left = keys.filter((key) => key.startsWith("even:"));
    assertEquals(new Set(table.keys()), new Set(left));
    assertEquals(table.purgeKey("even:0"), 1);
    assertEquals(table.purgeKey("even:0"), 0);
    assertEquals([table.purgeAll(), table.size, table.bytes], [left.length - 1, 0, 0]);
    put(table, "again");
    assertEquals([...table.keys()], ["again"]);
  }
});

Deno.test("a read that is in flight during a purge makes no entry", () => {
  const table = tableOf([]);
  const flights = ["a:1", "b:1", "a:2"].map((key) => table.begin(new CacheKey(key)));
  for (const flight of flights) flight.sent(0);
  assertEquals(table.purgePrefix("a:"), 0);
  for (const flight of flights) flight.settled(new Found(new Uint8Array(1)), 0);
  assertEquals([...table.keys()], ["b:1"]);
});

Deno.test("the keys come with the most recently used first", () => {
  const table = tableOf(["first", "second", "third"]);
  const key = new CacheKey("first");
  const bytes = new TextEncoder().encode("first");
  table.find(bytes, 0, bytes.length, key.hash);
  assertEquals([...table.keys()], ["first", "third", "second"]);
});
