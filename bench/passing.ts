// Commands that pass to Redis: over the shared connection, compared with twemproxy, and
// transactions, compared with Redis.
import { redisBenchmark } from "./loads.ts";
import { compare, rehearse, type Subject } from "./measure.ts";
import type { Peer } from "./peers.ts";
import type { Context, Findings, Scenario } from "./scenario.ts";

const KEYS = 100_000;
const VALUE = "v".repeat(100);

/** Writes of each kind of value. */
const WRITES: Readonly<Record<string, readonly string[]>> = {
  SET: ["SET", "pass:s:__rand_int__", VALUE],
  INCR: ["INCR", "pass:n:__rand_int__"],
  LPUSH: ["LPUSH", "pass:l:__rand_int__", VALUE],
  HSET: ["HSET", "pass:h:__rand_int__", "field", VALUE],
  ZADD: ["ZADD", "pass:z:__rand_int__", "1", "member"],
};

async function measureWrite(name: string, depth: number, context: Context): Promise<Findings> {
  const { field: { proxy, twemproxy, redis }, repetitions, seconds } = context;
  const peers = [proxy, redis, ...(twemproxy === null ? [] : [twemproxy])];
  const subjects = peers.map((peer) => subject(peer, WRITES[name]!, depth, seconds));
  // The first rehearsal finds out how many requests fit.
  await rehearse(subjects);
  await rehearse(subjects);
  const title = `${name} of ${KEYS.toLocaleString("en")} random keys, depth ${depth}`;
  const heading = { id: `pass-${name.toLowerCase()}-d${depth}`, group: "Passed commands", title };
  return { rows: [await compare(heading, subjects, repetitions)] };
}

function subject(peer: Peer, command: readonly string[], depth: number, seconds: number): Subject {
  let requests = 20_000;
  return {
    name: peer.name,
    async run() {
      // redis-benchmark takes a number of requests, not seconds: a first run shows how many fit.
      const sample = await redisBenchmark(peer, { keys: KEYS, depth, requests, command });
      requests = Math.max(20_000, Math.round(sample.rate * seconds));
      return sample;
    },
  };
}

export const PASSING: readonly Scenario[] = Object.keys(WRITES).flatMap((name) =>
  [1, 16].map((depth): Scenario => ({
    id: `pass-${name.toLowerCase()}-d${depth}`,
    title: `${name}, depth ${depth}`,
    short: name === "SET",
    measure: (context) => measureWrite(name, depth, context),
  }))
);
