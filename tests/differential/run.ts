/**
 * Compares the proxy with redis-server over many random commands: [count] [seed] [server] [cluster].
 * With `cluster`, the proxy is in front of a cluster.
 *
 * @module
 */
import { startCluster } from "../../tools/cluster.ts";
import { startRedisServer } from "../../tools/redis_server.ts";
import { startProxy } from "../support/proxy.ts";
import { figure, until } from "../support/serving.ts";
import { compare } from "./compare.ts";

const count = Number(Deno.args[0] ?? 100_000);
const seed = Number(Deno.args[1] ?? Date.now() % 1e9);
const program = Deno.args[2] ?? "redis-server";
const isCluster = Deno.args[3] === "cluster";

await using expected = await startRedisServer({ program });
await using origin = await startRedisServer({ program });
await using cluster = isCluster ? await startCluster({ replicas: 0, program }) : null;
await using proxy = cluster === null
  ? await startProxy(origin.port)
  : await startProxy(null, ["--redis-url", cluster.url]);
if (isCluster) await until(async () => await figure(proxy.port, "cluster_nodes_confirmed") === 3);
const started = performance.now();
const { commands, differences } = await compare(expected.port, proxy.port, count, seed, isCluster);
for (const one of differences) {
  console.log(`command ${one.at}: ${one.command}\n  redis ${one.expected}\n  proxy ${one.actual}`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`seed ${seed}: ${commands} commands, ${differences.length} differences, ${seconds} s`);
// The servers end first.
Deno.exitCode = differences.length === 0 ? 0 : 1;
