// Conversations whose replies must be those of redis-server, byte for byte, in RESP2 and RESP3.
import { assertEquals } from "@std/assert";
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { askRedis } from "../../tools/redis_server.ts";
import { CONVERSATIONS, SCRIPT } from "../support/conversation_cases.ts";
import { type Conversation, lead } from "../support/conversations.ts";
import { type RunningProxy, startProxy } from "../support/proxy.ts";

interface Places {
  readonly direct: RedisServer;
  readonly origin: RedisServer;
  readonly proxy: RunningProxy;
}

async function withServers(work: (places: Places) => Promise<void>): Promise<void> {
  await using direct = await startRedisServer();
  await using origin = await startRedisServer();
  await using proxy = await startProxy(origin.port);
  await work({ direct, origin, proxy });
}

/** Holds a conversation with both servers, which are empty at first. The replies must be equal. */
async function same({ direct, origin, proxy }: Places, one: Conversation): Promise<void> {
  for (const version of [2, 3] as const) {
    if (one.version !== undefined && one.version !== version) continue;
    await Promise.all([direct, origin].map(({ port }) => askRedis(port, "FLUSHALL\r\n")));
    const [wanted, actual] = await Promise.all([
      lead(direct.port, one, version),
      lead(proxy.port, one, version),
    ]);
    assertEquals(actual, wanted, `RESP${version}`);
  }
}

Deno.test("a script of 35 commands of every kind gets the bytes of redis-server", () =>
  withServers((places) => same(places, SCRIPT)));

Deno.test("each conversation gets the same replies and has the same effects as at Redis", async (t) => {
  await withServers(async (places) => {
    for (const one of CONVERSATIONS) await t.step(one.name, () => same(places, one));
  });
});
