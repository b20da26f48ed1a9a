// The two Node clients beyond reads: transactions that are repeated until they succeed,
// subscriptions that survive a lost connection, consumers of streams, scripts, scans.
import { event, load, PLACE, run, say, until, URL } from "./driver.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const WORKERS = 5;
const ROUNDS = 10;

async function nodeRedis(version: string, RESP: 2 | 3): Promise<void> {
  const { createClient, createClientPool, defineScript, WatchError } = await load(version);
  const name = `${version} in RESP${RESP}`;
  const sum = defineScript({
    SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1]) + #redis.call('KEYS', '*')",
    NUMBER_OF_KEYS: 1,
    parseCommand: (parser: Any, key: string, by: number) => {
      parser.pushKey(key);
      parser.push(`${by}`);
    },
    transformReply: undefined,
  });
  const options = { url: URL, RESP };
  const client = createClient({ ...options, scripts: { sum } });
  client.on("error", () => {});
  await client.connect();
  await client.flushAll();

  const pool = createClientPool(options, { minimum: WORKERS, maximum: WORKERS });
  pool.on("error", () => {});
  await pool.connect();
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (let isDone = false; !isDone;) {
        isDone = await pool.execute(async (one: Any) => {
          await one.watch("balance");
          const balance = Number(await one.get("balance") ?? 0);
          const next = one.multi().set("balance", balance + 1).get("balance");
          try {
            const replies = await next.exec();
            if (Number(replies[1]) !== balance + 1) say(`${name}: wrong balance`, replies);
            return true;
          } catch (error) {
            if (!(error instanceof WatchError)) throw error;
            return false;
          }
        });
      }
    }
  }));
  say(`${name}: balance`, await client.get("balance"));
  await pool.close();

  say(`${name}: script`, [await client.sum("total", 5), await client.sum("total", 6)]);
  say(`${name}: own read`, await client.get("total"));
  const subscriber = client.duplicate({ name: "subscriber" });
  subscriber.on("error", () => {});
  await subscriber.connect();
  const heard: string[] = [];
  await subscriber.subscribe("news", (text: string) => heard.push(text));
  await subscriber.pSubscribe(
    "n?ws",
    (text: string, channel: string) => heard.push(`${channel}: ${text}`),
  );
  await subscriber.sSubscribe("shard", (text: string) => heard.push(text));
  say(`${name}: receivers`, [
    await client.publish("news", "one"),
    await client.sPublish("shard", "two"),
  ]);
  await until("the messages", () => heard.length === 3);
  const list: string = await client.sendCommand(["CLIENT", "LIST", "TYPE", "pubsub"]);
  const [, id] = /^id=(\d+) .*name=subscriber /m.exec(list)!;
  const ready = event(subscriber, "ready");
  await client.sendCommand(["CLIENT", "KILL", "ID", id!]);
  await ready;
  await until("the subscriptions", async () => await client.publish("news", "again") === 2);
  await until("the message", () => heard.includes("again"));
  say(`${name}: subscribed again`, heard.filter((one) => !one.endsWith("again")).sort());

  await client.xGroupCreate("jobs", "workers", "0", { MKSTREAM: true });
  const taken: string[] = [];
  const consumers = [1, 2, 3].map(async (number) => {
    const one = client.duplicate();
    one.on("error", () => {});
    await one.connect();
    while (taken.length < 30) {
      const from = { key: "jobs", id: ">" };
      const found = await one.xReadGroup("workers", `${number}`, from, { COUNT: 2, BLOCK: 300 });
      for (const { id, message } of found?.[0].messages ?? []) {
        taken.push(message.number);
        await one.xAck("jobs", "workers", id);
      }
    }
    one.destroy();
  });
  for (let number = 0; number < 30; number++) {
    await client.xAdd("jobs", "*", { number: `${number}` });
  }
  await Promise.all(consumers);
  say(`${name}: consumed`, [taken.length, new Set(taken).size]);
  say(`${name}: pending`, (await client.xPending("jobs", "workers")).pending);

  for (let number = 0; number < 200; number++) await client.sAdd("members", `${number}`);
  let members = 0;
  for await (const found of client.sScanIterator("members", { COUNT: 10 })) {
    members += Array.isArray(found) ? found.length : 1;
  }
  say(`${name}: scanned`, members);
  await client.select(3);
  await client.set("elsewhere", "3");
  say(`${name}: database 3`, [await client.get("elsewhere"), await client.get("total")]);
  await client.select(0);
  say(`${name}: database 0`, [await client.get("elsewhere"), await client.get("total")]);
  const blocked = client.duplicate();
  blocked.on("error", () => {});
  await blocked.connect();
  const popped = blocked.blPop("queue", 10);
  await until(
    "the pop to wait",
    async () => /blocked_clients:[1-9]/.test(await client.info("clients")),
  );
  await client.rPush("queue", "job");
  say(`${name}: popped`, { ...await popped });
  blocked.destroy();
  subscriber.destroy();
  client.destroy();
}

async function ioredis(version: string): Promise<void> {
  const { Redis } = await load(version);
  const redis = new Redis(PLACE);
  await redis.flushall();
  const lines: string[] = [];
  const monitor = await new Redis(PLACE).monitor();
  monitor.on("monitor", (_: string, args: string[]) => lines.push(args.join(" ")));
  const replies = await redis.pipeline()
    .set("a", "1").get("a").incr("a").get("a").hset("h", "f", "v").hgetall("h").get("a").exec();
  say(`${version}: pipeline`, replies);
  const transaction = await redis.multi().set("a", "5").get("a").lpush("l", 1, 2).exec();
  say(`${version}: transaction`, transaction);
  say(`${version}: own read`, await redis.get("a"));
  await until("the monitor", () => lines.some((line) => line.startsWith("lpush l")));
  const wanted = ["set a 5", "lpush l 1 2", "hset h f v"];
  say(`${version}: monitored`, wanted.map((line) => lines.filter((one) => one === line).length));
  monitor.disconnect();
  await redis.set("watched", "1");
  await redis.watch("watched");
  await new Redis(PLACE).set("watched", "2");
  say(`${version}: watched`, await redis.multi().set("watched", "3").exec());
  say(`${version}: kept`, await redis.get("watched"));
  redis.defineCommand("swap", {
    numberOfKeys: 2,
    lua: "local a = redis.call('GETSET', KEYS[1], redis.call('GET', KEYS[2])) " +
      "redis.call('SET', KEYS[2], a) return {KEYS[1], a}",
  });
  await redis.mset("left", "l", "right", "r");
  say(`${version}: read first`, await redis.mget("left", "right"));
  say(`${version}: swapped`, [
    await redis.swap("left", "right"),
    await redis.mget("left", "right"),
  ]);
  for (let index = 0; index < 500; index++) redis.set(`scan:${index}`, index);
  let scanned = 0;
  for await (const keys of redis.scanStream({ match: "scan:*", count: 50 })) scanned += keys.length;
  say(`${version}: scanned`, scanned);
  const auto = new Redis({ ...PLACE, enableAutoPipelining: true });
  const own = await Promise.all(Array.from({ length: 100 }, async (_, index) => {
    await auto.set(`auto:${index}`, index);
    return Number(await auto.get(`auto:${index}`)) === index;
  }));
  say(`${version}: auto pipelining`, own.filter(Boolean).length);
  const subscriber = new Redis(PLACE);
  await subscriber.psubscribe("room:*");
  const message = new Promise((done) =>
    subscriber.on(
      "pmessage",
      (...[pattern, channel, text]: string[]) => done([pattern, channel, text]),
    )
  );
  await redis.publish("room:1", "hello");
  say(`${version}: message`, await message);
  for (const one of [redis, auto, subscriber]) one.disconnect();
}

await run(async () => {
  await nodeRedis("redis@6.3.1", 3);
  await nodeRedis("redis@5.12.1", 2);
  await ioredis("ioredis@5.11.1");
  await ioredis("ioredis@6.0.0");
});
