// PROXY FRESHNESS causal: a client that is told of a change then reads it, even if the invalidation
// is slow.
import { assert, assertEquals } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { Relay } from "../support/relay.ts";
import { PATH_WAYS, type Way } from "../support/ways.ts";

const ROUNDS = 40;

/**
 * Ways in which a client learns of a change: its command, whether it is sent first, the command that
 * causes the reply, and the end of the reply.
 */
const NEWS: Readonly<
  Record<string, { ask: string[]; first: boolean; tell: string[]; until: string }>
> = {
  "a job that it waits for": {
    ask: ["BLPOP", "queue", "0"],
    first: true,
    tell: ["RPUSH", "queue", "job!"],
    until: "job!\r\n",
  },
  "a job that it takes": {
    ask: ["LPOP", "queue"],
    first: false,
    tell: ["RPUSH", "queue", "job!"],
    until: "job!\r\n",
  },
  "a message": {
    ask: [],
    first: true,
    tell: ["PUBLISH", "channel", "job!"],
    until: "job!\r\n",
  },
};

/** The number of reads that were older than the change that the client had been told of. */
async function staleReads(
  freshness: string,
  news: typeof NEWS[string],
  { args }: Way,
): Promise<number> {
  await using redis = await startRedisServer();
  using relay = new Relay(() => redis.port);
  await using proxy = await startProxy(relay.port, args);
  // In line, the announcements come over the connection that reads, which is the first one.
  relay.delay("data", (nth) => nth === 0 ? 5 : 0);
  relay.delay("invalidation", () => 5);
  using told = await RawClient.connect(proxy.port);
  using reader = await RawClient.connect(proxy.port);
  using writer = await RawClient.connect(redis.port);
  await told.exchange(request("PROXY", "FRESHNESS", freshness), 5);
  if (news.ask.length === 0) {
    await told.send(request("SUBSCRIBE", "channel"));
    await told.until(":1\r\n");
  }
  let stale = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const value = String(round).padStart(4, "0");
    if (news.first && news.ask.length > 0) await told.send(request(...news.ask));
    const change = request("SET", "k", value) + request(...news.tell);
    assertEquals(await writer.exchange(change, 9), "+OK\r\n:1\r\n");
    if (!news.first) await told.send(request(...news.ask));
    await told.until(news.until);
    const answer = await reader.exchange(request("GET", "k"), 10);
    if (answer !== `$4\r\n${value}\r\n`) stale++;
  }
  return stale;
}

for (const way of PATH_WAYS) {
  for (const [name, news] of Object.entries(NEWS)) {
    Deno.test(`a causal client that is told by ${name} finds the change, whoever reads it: ${way.mode}`, async () => {
      assertEquals(await staleReads("causal", news, way), 0);
      // The invalidation is slow in this test, so the read would overtake it.
      assert(await staleReads("cached", news, way) > 0);
    });
  }
}
