// Stores of keys and values: Keyv and cache-manager over @keyv/redis. They read their own writes at
// once, and clear namespaces with SCAN and UNLINK.
import { load, run, say, until, URL } from "./driver.ts";

await run(async () => {
  const { Keyv } = await load("keyv@6.1.0");
  const { default: KeyvRedis } = await load("@keyv/redis@5.1.6");
  const { createCache } = await load("cache-manager@7.2.9");

  const users = new Keyv({ store: new KeyvRedis(URL), namespace: "users" });
  const other = new Keyv({ store: new KeyvRedis(URL), namespace: "other" });
  users.on("error", (error: Error) => say("error", error));
  for (let round = 0; round < 30; round++) {
    await users.set("name", `round ${round}`);
    const seen = await users.get("name");
    if (seen !== `round ${round}`) say("stale", [round, seen]);
  }
  say("set and get", await users.get("name"));
  say("object", [await users.set("ada", { born: 1815, tags: ["é", ""] }), await users.get("ada")]);
  say("several", await users.getMany(["name", "none", "ada"]));
  say("has", [await users.has("ada"), await users.has("none")]);
  await users.set("short", "lived", 30);
  await until("a key to expire", async () => await users.get("short") === undefined);
  say("delete", [await users.delete("ada"), await users.delete("ada"), await users.get("ada")]);
  for (let index = 0; index < 300; index++) await other.set(`key${index}`, index);
  const found: string[] = [];
  for await (const [key] of other.iterator()) found.push(key);
  say("iterated", [found.length, found.sort()[0]]);
  await other.clear();
  say("cleared", [await other.get("key1"), await users.get("name")]);

  const cache = createCache({ stores: [new Keyv({ store: new KeyvRedis(URL) })], ttl: 60_000 });
  let made = 0;
  const wrapped = () => cache.wrap("costly", () => Promise.resolve(`made ${++made}`));
  say("wrapped", [await wrapped(), await wrapped(), made]);
  await cache.mset([{ key: "a", value: 1 }, { key: "b", value: [2] }]);
  say("mget", await cache.mget(["a", "b", "c"]));
  say("mdel", [await cache.mdel(["a", "b"]), await cache.get("a")]);
  await cache.clear();
  say("after clear", await cache.get("costly"));
});
