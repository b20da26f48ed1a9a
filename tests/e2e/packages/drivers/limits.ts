// Rate limiters and locks: Lua scripts by EVALSHA, MULTI, and SET NX. Of many simultaneous
// attempts, exactly the allowed number succeed.
import { event, load, PLACE, run, say, URL } from "./driver.ts";

/** Returns how many of `count` simultaneous attempts succeed. */
async function succeed(count: number, attempt: () => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(Array.from({ length: count }, attempt));
  return results.filter(({ status }) => status === "fulfilled").length;
}

await run(async () => {
  const { Redis } = await load("ioredis@5.11.1");
  const { createClient } = await load("redis@6.3.1");
  const first = new Redis(PLACE);
  const second = await createClient({ url: URL }).connect();

  const { RateLimiterRedis, RLWrapperBlackAndWhite, BurstyRateLimiter } = await load(
    "rate-limiter-flexible@11.4.0",
  );
  const points = { points: 10, duration: 60, blockDuration: 60 };
  const limiter = new RateLimiterRedis({ storeClient: first, keyPrefix: "io", ...points });
  const modern = new RateLimiterRedis({
    storeClient: second,
    keyPrefix: "node",
    useRedisPackage: true,
    ...points,
  });
  for (const [name, one] of [["ioredis", limiter], ["node-redis", modern]]) {
    say(`${name} allows`, await succeed(40, () => one.consume("client")));
    const { consumedPoints, remainingPoints } = await one.get("client");
    say(`${name} counts`, [consumedPoints, remainingPoints]);
    say(`${name} rewards`, (await one.reward("other", 2)).consumedPoints);
    say(`${name} deletes`, [await one.delete("client"), await one.get("client")]);
    await one.block("client", 5);
    say(`${name} blocks`, await succeed(1, () => one.consume("client")));
  }
  const bursty = new BurstyRateLimiter(
    new RateLimiterRedis({ storeClient: first, keyPrefix: "slow", points: 2, duration: 60 }),
    new RateLimiterRedis({ storeClient: first, keyPrefix: "burst", points: 5, duration: 60 }),
  );
  say("bursty allows", await succeed(20, () => bursty.consume("client")));
  const listed = new RLWrapperBlackAndWhite({ limiter, whiteList: ["friend"], blackList: ["foe"] });
  say("lists", [
    await succeed(20, () => listed.consume("friend")),
    await succeed(20, () => listed.consume("foe")),
  ]);

  const { default: rateLimit } = await load("express-rate-limit@8.7.4");
  const { RedisStore } = await load("rate-limit-redis@6.0.1");
  const { default: express } = await load("express@5.3.0");
  const app = express();
  app.use(rateLimit({
    windowMs: 60_000,
    limit: 5,
    standardHeaders: "draft-6",
    legacyHeaders: false,
    validate: false,
    store: new RedisStore({ sendCommand: (...args: string[]) => second.sendCommand(args) }),
  }));
  app.get("/", (_: unknown, response: { send(text: string): void }) => response.send("in"));
  const server = app.listen(0);
  await event(server, "listening");
  const seen = [];
  for (let count = 0; count < 7; count++) {
    const reply = await fetch(`http://127.0.0.1:${server.address().port}/`);
    seen.push([reply.status, reply.headers.get("ratelimit-remaining")]);
    await reply.body?.cancel();
  }
  say("express-rate-limit", seen);

  const { default: Redlock } = await load("redlock@4.2.0");
  const locks = new Redlock([first], { retryCount: 0 });
  const lock = await locks.lock("locks:one", 5000);
  say("redlock refuses", await succeed(1, () => locks.lock("locks:one", 5000)));
  await lock.extend(9000);
  await lock.unlock();
  say("redlock frees", await succeed(1, () => locks.lock("locks:one", 5000)));

  const { Mutex, Semaphore } = await load("redis-semaphore@5.8.0");
  let inside = 0;
  let most = 0;
  let total = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    const mutex = new Mutex(first, "mutex", { retryInterval: 1, acquireTimeout: 20_000 });
    await mutex.acquire();
    most = Math.max(most, ++inside);
    const before = Number(await first.get("guarded"));
    await first.set("guarded", before + 1);
    total = Number(await first.get("guarded"));
    inside--;
    await mutex.release();
  }));
  say("mutex", [most, total]);
  const seats = Array.from(
    { length: 5 },
    () => new Semaphore(first, "seats", 3, { retryInterval: 1, acquireAttemptsLimit: 1 }),
  );
  say(
    "semaphore",
    (await Promise.all(seats.map((seat) => seat.tryAcquire()))).filter(Boolean).length,
  );
});
