/** A node of a cluster that is named as one Redis is recognized, whatever program it is. */
import { assertMatch } from "@std/assert";
import { SLOTS } from "../../src/core/slot.ts";
import { startRedisServer } from "../../tools/redis_server.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, figure, redisCli, until } from "../support/serving.ts";
import { WAYS } from "../support/ways.ts";

for (const { name, program, args } of WAYS) {
  Deno.test(`a node of a cluster is recognized, and clients see one Redis: ${name}`, async () => {
    await using redis = await startRedisServer({ program, args: ["--cluster-enabled", "yes"] });
    await ask(redis.port, "CLUSTER", "ADDSLOTSRANGE", "0", `${SLOTS - 1}`);
    await until(async () => (await redisCli(redis.port, "SET", "k", "v")) === "OK\n");
    await using proxy = await startProxy(redis.port, args);
    await until(async () => await figure(proxy.port, "cluster_nodes_confirmed") === 1);
    assertMatch(await redisCli(proxy.port, "INFO", "server"), /\n(redis|server)_mode:standalone\r/);
    await using off = await startProxy(redis.port, [...args, "--redis-cluster", "off"]);
    await off.process.logged(/one node of a cluster/);
  });
}
