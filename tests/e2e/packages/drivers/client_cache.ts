// node-redis with its own cache in each process, which Redis invalidates: CLIENT TRACKING by the
// client itself, in RESP3.
import { load, run, say, until, URL } from "./driver.ts";

await run(async () => {
  for (const version of ["redis@6.3.1", "redis@5.12.1"]) {
    const { createClient, BasicClientSideCache } = await load(version);
    const make = async () => {
      const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 100, recordStats: true });
      const client = createClient({ url: URL, RESP: 3, clientSideCache: cache });
      await client.connect();
      return { client, cache };
    };
    const [reader, writer] = await Promise.all([make(), make()]);
    await writer.client.set("price", "1");
    await writer.client.hSet("goods", { apples: "3", pears: "5" });
    const read = async () => [
      await reader.client.get("price"),
      { ...await reader.client.hGetAll("goods") },
    ];
    say(`${version}: first`, await read());
    for (let count = 0; count < 9; count++) await read();
    say(`${version}: hits`, [reader.cache.stats().hitCount, reader.cache.stats().missCount]);
    await writer.client.set("price", "2");
    await writer.client.hSet("goods", "apples", "4");
    await until("the changes to be seen", async () => {
      const [price, goods] = await read();
      return price === "2" && (goods as Record<string, string>).apples === "4";
    });
    say(`${version}: after changes`, await read());
    for (let count = 0; count < 50; count++) {
      await writer.client.incr("price");
      const own = Number(await writer.client.get("price"));
      if (own !== count + 3) say(`${version}: stale own read`, [own, count + 3]);
    }
    await writer.client.flushAll();
    await until("the flush to be seen", async () => await reader.client.get("price") === null);
    say(`${version}: after a flush`, await read());
    reader.client.destroy();
    writer.client.destroy();
  }
});
