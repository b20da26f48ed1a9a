import { assertEquals } from "@std/assert";
import { makeTable, mayRefresh, respFreshness, servableUntil } from "../../../src/app/defaults.ts";
import type { Table } from "../../../src/cache/table.ts";
import { parseConfig } from "../../../src/config/mod.ts";
import { Stats } from "../../../src/core/stats.ts";

const configOf = (env: Record<string, string>) => parseConfig([], env, () => "");

/** A table whose connection was lost after 10 seconds, with or without tracking. */
function lost(env: Record<string, string>, isTracked = true): Table {
  const table = makeTable(configOf(env).values, new Stats());
  table.channel.up(isTracked, 8000);
  table.channel.down(10_000);
  return table;
}

Deno.test("respFreshness() allows stale answers if the operator does, unless it is set", () => {
  const of = (env: Record<string, string>) => {
    const { values } = configOf(env);
    return respFreshness(values, makeTable(values, new Stats()).policies);
  };
  assertEquals(of({}), "cached");
  assertEquals(of({ RP_STALE_IF_ERROR: "60" }), "stale");
  assertEquals(of({ RP_POLICY: "config:*=stale:60" }), "stale");
  assertEquals(of({ RP_STALE_IF_ERROR: "60", RP_RESP_FRESHNESS: "cached" }), "cached");
  assertEquals(of({ RP_RESP_FRESHNESS: "fenced" }), "fenced");
});

Deno.test("servableUntil() ends with the last proof of tracking, unless stale answers are allowed", () => {
  assertEquals(servableUntil(lost({}), "cached"), -Infinity);
  assertEquals(servableUntil(lost({ RP_STALE_IF_ERROR: "60" }), "stale"), 68_000);
  assertEquals(servableUntil(lost({ RP_STALE_IF_ERROR: "60" }), "cached"), 8000);
  const policy = { RP_POLICY: "a=stale:5;b=stale:7" };
  assertEquals(servableUntil(lost(policy), "stale"), 15_000);
});

Deno.test("servableUntil() ends with the longest lifetime of an entry if entries are not tracked", () => {
  const table = lost({ RP_CACHE_TIMEOUT: "30", RP_POLICY: "a=ttl:40" }, false);
  assertEquals(servableUntil(table, "cached"), 50_000);
  assertEquals(servableUntil(lost({ RP_COHERENCE: "off" }), "cached"), 40_000);
  const both = lost({ RP_COHERENCE: "off", RP_STALE_IF_ERROR: "60" });
  assertEquals(servableUntil(both, "stale"), 100_000);
});

Deno.test("servableUntil() is in the past if there never was a connection", () => {
  const { values } = configOf({ RP_STALE_IF_ERROR: "60" });
  assertEquals(servableUntil(makeTable(values, new Stats()), "stale"), -Infinity);
});

Deno.test("mayRefresh() follows --http-no-cache for clients with and without a password", () => {
  const of = (word: string, password = "") =>
    mayRefresh(configOf({ RP_HTTP_NO_CACHE: word, RP_PASSWORD: password }));
  assertEquals(["anyone", "authenticated", "nobody"].map((word) => of(word)), [true, false, false]);
  assertEquals(["anyone", "authenticated", "nobody"].map((word) => of(word, "x")), [
    ...[true, true, false],
  ]);
});
