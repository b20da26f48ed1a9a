// Commands that pass to Redis: over the shared connection, compared with twemproxy, and over private
// connections, compared with Redis.
import { command } from "./dataset.ts";
import type { Exchange } from "./exchange.ts";
import { redisBenchmark, repeatExchange } from "./loads.ts";
import { compare, rehearse, type Subject } from "./measure.ts";
import type { Peer } from "./peers.ts";
import type { Context, Findings, Scenario } from "./scenario.ts";

const KEYS = 100_000;
const VALUE = "v".repeat(100);

/**
 * The first rehearsal finds out how many requests fit. V8 needs the others to optimize the code:
 * the CPU time per request falls by a third until then.
 */
const REHEARSALS = 5;

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
  for (let time = 0; time < REHEARSALS; time++) await rehearse(subjects);
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

interface StatefulWork {
  readonly id: string;
  readonly title: string;
  readonly exchange: Omit<Exchange, "port" | "server" | "seconds">;
}

const SUBSCRIBERS = 100;

/** Work over private connections. The parts of a transaction leave in one write. */
const STATEFUL: readonly StatefulWork[] = [
  {
    id: "multi",
    title: "MULTI, SET, INCRBY, GET, EXEC in one write, 50 connections",
    exchange: {
      clients: 50,
      request: [
        ["MULTI"],
        ["SET", "pass:multi", VALUE],
        ["INCRBY", "pass:zero", "0"],
        ["GET", "pass:multi"],
        ["EXEC"],
      ].map((words) => command(...words)).join(""),
      reply: `+OK\r\n${"+QUEUED\r\n".repeat(3)}*3\r\n+OK\r\n:0\r\n$100\r\n${VALUE}\r\n`,
    },
  },
  {
    id: "publish",
    title: `PUBLISH to ${SUBSCRIBERS} subscribers`,
    exchange: {
      clients: 1,
      request: command("PUBLISH", "pass", VALUE),
      reply: `:${SUBSCRIBERS}\r\n`,
      subscribers: {
        count: SUBSCRIBERS,
        request: command("SUBSCRIBE", "pass"),
        reply: "*3\r\n$9\r\nsubscribe\r\n$4\r\npass\r\n:1\r\n",
        message: `*3\r\n$7\r\nmessage\r\n$4\r\npass\r\n$100\r\n${VALUE}\r\n`,
      },
    },
  },
];

async function measureStateful(
  { id, title, exchange }: StatefulWork,
  { field: { proxy, redis }, repetitions, seconds }: Context,
): Promise<Findings> {
  const subjects = [proxy, redis].map((peer): Subject => ({
    name: peer.name,
    run: () => repeatExchange(peer, { ...exchange, seconds }),
  }));
  await rehearse(subjects);
  const heading = { id: `pass-${id}`, group: "Private connections", title };
  return { rows: [await compare(heading, subjects, repetitions)] };
}

const WRITING: readonly Scenario[] = Object.keys(WRITES).flatMap((name) =>
  [1, 16].map((depth): Scenario => ({
    id: `pass-${name.toLowerCase()}-d${depth}`,
    title: `${name}, depth ${depth}`,
    short: name === "SET",
    measure: (context) => measureWrite(name, depth, context),
  }))
);

export const PASSING: readonly Scenario[] = [
  ...WRITING,
  ...STATEFUL.map((work): Scenario => ({
    id: `pass-${work.id}`,
    title: work.title,
    short: false,
    measure: (context) => measureStateful(work, context),
  })),
];
