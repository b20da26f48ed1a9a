import { assert, assertEquals } from "@std/assert";
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import {
  GUARDED_CASES,
  OPEN_CASES,
  type ParityCase,
  PASSWORD,
  SEED,
} from "../support/parity_cases.ts";
import { startProxy } from "../support/proxy.ts";

/** Concurrent cases. */
const WIDTH = 8;

/** Sends a case and then QUIT, and returns everything received until the end. */
async function answer(port: number, one: ParityCase, version: 2 | 3): Promise<string> {
  using client = await RawClient.connect(port);
  const hello = version === 3 ? request("HELLO", "3") : "";
  // The server may end the connection before it has read everything: its replies count.
  const sent = one.isLast
    ? client.send(hello + one.send)
    : client.send(hello + one.send + request("QUIT")).then(() => client.conn.closeWrite());
  const [text] = await Promise.all([client.rest(), sent.catch(() => {})]);
  return version === 3 ? text.replace(/^%7\r\n.*?modules\r\n\*0\r\n/s, "") : text;
}

/** Compares two servers in both versions of RESP; returns the unexpected differences. */
async function compare(cases: readonly ParityCase[], redis: number, proxy: number) {
  const wrong: string[] = [];
  const queue = cases.flatMap((one) => ([2, 3] as const).map((version) => ({ one, version })));
  const differing = new Set<ParityCase>();
  await Promise.all(Array.from({ length: WIDTH }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { one, version } = next;
      const [wanted, actual] = await Promise.all([redis, proxy].map(async (port) => {
        const text = await answer(port, one, version);
        return one.mask === undefined ? text : text.replace(one.mask, "#");
      })) as [string, string];
      if (wanted === actual) continue;
      differing.add(one);
      if (one.differs !== undefined) continue;
      const [left, right] = [wanted, actual].map((text) => JSON.stringify(text.slice(-300)));
      wrong.push(`RESP${version} ${one.name}:\n  redis ${left}\n  proxy ${right}`);
    }
  }));
  for (const one of cases) {
    if (one.differs !== undefined && !differing.has(one)) {
      wrong.push(`${one.name}: no difference, though "${one.differs}"`);
    }
  }
  return wrong.join("\n");
}

async function seed({ port }: RedisServer): Promise<void> {
  using client = await RawClient.connect(port);
  for (const args of SEED) {
    await client.send(request(...args));
    await client.until("\r\n");
  }
}

/** The cases expect the texts of this version. Other versions differ. */
const REFERENCE = "7.0.";

async function isReference(): Promise<boolean> {
  const { stdout } = await new Deno.Command("redis-server", { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).includes(` v=${REFERENCE}`);
}

const ignore = !await isReference();

Deno.test("requests are answered byte for byte as by redis-server, except for listed differences", {
  ignore,
}, async () => {
  assert(OPEN_CASES.length + GUARDED_CASES.length >= 150);
  await using redis = await startRedisServer();
  await seed(redis);
  await using proxy = await startProxy(redis.port);
  const wrong = await compare(OPEN_CASES, redis.port, proxy.port);
  assertEquals(wrong, "", `\n${wrong}`);
});

Deno.test(
  "with a password, clients get the same answers as from redis-server, before and after AUTH",
  {
    ignore,
  },
  async () => {
    await using guarded = await startRedisServer({ password: PASSWORD });
    await using backing = await startRedisServer();
    await using proxy = await startProxy(backing.port, [], { env: { RP_PASSWORD: PASSWORD } });
    const wrong = await compare(GUARDED_CASES, guarded.port, proxy.port);
    assertEquals(wrong, "", `\n${wrong}`);
  },
);
