// A proxy in front of the Redis in RP_TEST_REDIS_URL, such as the service beside the tests in
// docker-compose, or in front of a temporary one. It reads as its own user, whose rights to read the
// test can revoke: any answer after that is a hit.
import { assertEquals, assertMatch } from "@std/assert";
import { Redis } from "ioredis";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { ProxyProcess } from "../support/proxy.ts";

const VALUE = "caf\u00e9\0\r\n";

/** A Redis with a user and a key prefix for this test alone. */
class Backing implements AsyncDisposable {
  readonly id = `redis-proxy-test-${crypto.randomUUID()}`;

  private constructor(readonly url: URL, readonly redis: Redis, readonly own?: AsyncDisposable) {}

  static async start(): Promise<Backing> {
    const named = Deno.env.get("RP_TEST_REDIS_URL");
    const own = named ? undefined : await startRedisServer();
    const url = new URL(named ?? own!.url);
    const backing = new Backing(url, new Redis(url.href), own);
    await backing.#user("on", `>${backing.id}`, "~*", "&*", "+@all");
    return backing;
  }

  /** The URL for the proxy, as the user of this test. */
  get reader(): string {
    return Object.assign(new URL(this.url), { username: this.id, password: this.id }).href;
  }

  async refuseReads(): Promise<void> {
    await this.#user("-get", "-getrange", "-mget");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const keys = await this.redis.keys(`${this.id}*`);
    if (keys.length > 0) await this.redis.del(...keys);
    await this.redis.call("ACL", "DELUSER", this.id);
    await this.redis.quit();
    await this.own?.[Symbol.asyncDispose]();
  }

  async #user(...rules: string[]): Promise<void> {
    await this.redis.call("ACL", "SETUSER", this.id, ...rules);
  }
}

async function overHttp(port: number, key: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/${key}`);
  return `${response.status} ${await response.text()}`;
}

async function overResp(port: number, key: string): Promise<string> {
  using client = await RawClient.connect(port);
  await client.send(request("GET", key) + request("QUIT"));
  return await client.rest();
}

const HTTP = { name: "HTTP", get: overHttp, found: `200 ${VALUE}` };
const RESP = { name: "RESP", get: overResp, found: `$8\r\n${latin1(VALUE)}\r\n+OK\r\n` };

/** The UTF-8 bytes of a text, as code units. */
function latin1(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

for (const [first, second] of [[HTTP, RESP], [RESP, HTTP]] as const) {
  Deno.test(`a key read over ${first.name} is a hit over ${second.name}`, async () => {
    await using backing = await Backing.start();
    const key = `${backing.id}-key`;
    await backing.redis.set(key, VALUE);
    const args = ["--listen-address", "127.0.0.1", "--port", "0", "--redis-url", backing.reader];
    await using proxy = new ProxyProcess(args);
    const port = Number((await proxy.logged(/Listening\b.*\bport=(\d+)/))[1]);

    assertEquals(await first.get(port, key), first.found);
    await backing.refuseReads();
    assertEquals(await second.get(port, key), second.found);
    assertMatch(await overResp(port, `${key}-2`), /^-NOPERM /);
  });
}
