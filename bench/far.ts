// Latency: at a rate that all servers can carry, and with Redis a millisecond away.
import { freePort } from "../tools/redis_server.ts";
import { HOLD_ALL } from "./field.ts";
import { generate, type JobPlan, warm } from "./loads.ts";
import { compare, type Row, type Subject } from "./measure.ts";
import { type Peer, startProxy, startTwemproxy } from "./peers.ts";
import { PLACES, start, until } from "./process.ts";
import type { Context, Findings, Scenario } from "./scenario.ts";
import { median } from "./statistics.ts";
import { askRedis } from "../tools/redis_server.ts";

const RELAY = new URL("./relay.ts", import.meta.url).pathname;

/** The delay in one direction, in milliseconds. */
const DELAY = 1;

const KEYS = 100_000;
const ZIPF = { kind: "zipf", keys: KEYS, exponent: 0.99 } as const;

function subjects(peers: readonly Peer[], plan: JobPlan): Subject[] {
  return peers.map((peer) => ({ name: peer.name, run: () => generate(peer, plan) }));
}

async function measureFar(context: Context): Promise<Findings> {
  const { field: { backing, redis, twemproxy }, seconds, repetitions, isFull } = context;
  const port = freePort();
  const deno = [Deno.execPath(), "run", "-A", "--no-config", "--no-lock"];
  await using relay = start(PLACES.load, [
    ...deno,
    RELAY,
    `${port}`,
    `${backing.port}`,
    `${DELAY}`,
  ]);
  await until(async () => await askRedis(port, "PING\r\n") === "+PONG\r\n", "the relay");
  const roundTrip = await ping(port);
  const direct: Peer = { ...backing, name: "direct", port, command: relay.command };
  await using whole = await startProxy(port, HOLD_ALL);
  await using partly = await startProxy(port);
  await using other = twemproxy === null ? null : await startTwemproxy(port);
  await warm(whole, "main", KEYS);
  const peers = [whole, direct, ...(other === null ? [] : [other])];
  const plan: JobPlan = { dataset: "main", pattern: ZIPF, connections: 50, seconds };
  const notes = [`A round trip to Redis takes ${roundTrip.toFixed(2)} ms`];
  const group = "Far Redis";
  const row = async (id: string, title: string, among: Peer[], plan: JobPlan): Promise<Row> =>
    await compare(
      { id, group, title, notes, isPaced: typeof plan.rate === "number" },
      subjects(among, plan),
      repetitions,
    );
  const rows = [
    // Also with Redis nearby, to show how much of the difference comes from distance.
    await row("far-throughput", "Zipf 0.99, as fast as it goes, all keys held", [
      ...peers,
      redis,
    ], plan),
  ];
  const most = median(rows[0]!.samples["direct"]!.map(({ rate }) => rate));
  const rate = Math.round(most / 2 / 1000) * 1000;
  const rateTitle = `Zipf 0.99, ${rate.toLocaleString("en")} requests/s, all keys held`;
  rows.push(await row("far-rate", rateTitle, peers, { ...plan, rate }));
  if (isFull) {
    const among = [partly, direct];
    const title = "Zipf 0.99, as fast as it goes, default sizes: a tenth of the keys held";
    rows.push(await row("far-defaults", title, among, { ...plan, warmup: 3 }));
  }
  return { rows };
}

/** The median time of a PING, in milliseconds. */
async function ping(port: number): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const answer = new Uint8Array(16);
  const times: number[] = [];
  for (let count = 0; count < 51; count++) {
    const sent = performance.now();
    await connection.write(new TextEncoder().encode("PING\r\n"));
    await connection.read(answer);
    times.push(performance.now() - sent);
  }
  return median(times);
}

/** Latency of hits at half of our maximum rate. */
async function measureHalfRate({ field, seconds, repetitions }: Context): Promise<Findings> {
  const pattern = { kind: "uniform", keys: KEYS } as const;
  const plan: JobPlan = { dataset: "main", pattern, connections: 50, seconds };
  await warm(field.proxy, "main", KEYS);
  const { rate: most } = await generate(field.proxy, plan);
  const rate = Math.round(most / 2 / 1000) * 1000;
  const row = await compare(
    {
      id: "rate-half",
      group: "RESP hits",
      title: `100,000 random keys, depth 1, ${rate.toLocaleString("en")} requests/s`,
      isPaced: true,
      notes: [`Half of the ${Math.round(most / 1000)} k requests/s that we can carry`],
    },
    subjects([field.proxy, field.redis], { ...plan, rate }),
    repetitions,
  );
  return { rows: [row] };
}

export const FAR: readonly Scenario[] = [
  { id: "rate-half", title: "latency at half load", short: true, measure: measureHalfRate },
  { id: "far", title: "far Redis", short: true, measure: measureFar },
];
