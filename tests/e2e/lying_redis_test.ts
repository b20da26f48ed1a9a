/** A Redis, or something in between, that sends replies of types that no read can have. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { LyingRedis } from "../support/lying_redis.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, curl, redisCli, until } from "../support/serving.ts";

const READS = /^(GET|GETRANGE)$/;

/** Replies of types that no read of one key has. */
const WRONG = {
  "a simple string": "+value\r\n",
  "a double": ",1.5\r\n",
  "a big number": "(1\r\n",
  "a verbatim string": "=5\r\ntxt:a\r\n",
  "an integer": ":1\r\n",
  "an empty array": "*0\r\n",
  "an array of strings": "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
  "an array of one integer": "*1\r\n:1\r\n",
  "an array of three": "*3\r\n$1\r\na\r\n:1\r\n:1\r\n",
  "a nested array": "*2\r\n*1\r\n$1\r\na\r\n:1\r\n",
  "a map": "%1\r\n$1\r\na\r\n$1\r\nb\r\n",
  "a set": "~1\r\n$1\r\na\r\n",
  "a boolean": "#t\r\n",
  "nonsense": "HTTP/1.1 400 Bad Request\r\n\r\n",
};

for (const forbidden of [[], ["-getrange"], ["-pttl"]]) {
  const rights = forbidden.join(" ") || "all rights";
  Deno.test(`a reply of a wrong type is an error, nothing is cached, and the others are served, with ${rights}`, async () => {
    await using redis = await startRedisServer();
    await ask(redis.port, "SET", "good", "value");
    if (forbidden.length > 0) await ask(redis.port, "ACL", "SETUSER", "default", ...forbidden);
    using relay = new LyingRedis(redis.port);
    await using proxy = await startProxy(relay.port);
    assertEquals(await redisCli(proxy.port, "get", "good"), "value\n");
    for (const [name, reply] of Object.entries(WRONG)) {
      const key = `wrong: ${name}`;
      await ask(redis.port, "SET", key, "the truth");
      const before = relay.accepted;
      relay.lie = (args) => READS.test(args[0]!) && args.includes(key) ? reply : undefined;
      assertMatch(await redisCli(proxy.port, "get", key), /^ORIGIN[A-Z]+ .*Redis/, name);
      assert(relay.accepted > before, `${name}: the connection is not replaced`);
      assertMatch(await redisCli(proxy.port, "mget", "good", key), /^ORIGIN[A-Z]+ /, name);
      const page = await curl(proxy.port, `/${encodeURIComponent(key)}`, "-w", "%{http_code}");
      assertMatch(page, /50[23]$/, name);
      relay.lie = () => undefined;
      assertEquals(await redisCli(proxy.port, "get", "good"), "value\n", name);
      // A new value causes a new attempt.
      assert(proxy.process.isRunning, `${name}: ${proxy.process.stderr}`);
    }
    assertEquals(await ask(proxy.port, "PING"), "+PONG");
  });
}

/** Replies to other commands that no Redis gives, by the command and the first argument. */
const WRONG_BESIDE: Record<string, Record<string, string>> = {
  "HELLO": {
    "an integer": ":1\r\n",
    "an array of nothing": "*0\r\n",
    "a map without a value": "%1\r\n$5\r\nproto\r\n*0\r\n",
    "a push": ">2\r\n$10\r\ninvalidate\r\n:1\r\n",
  },
  "ROLE": { "an integer": ":1\r\n", "an array of nothing": "*0\r\n" },
  "WATCH": { "an array": "*1\r\n:1\r\n" },
  "EXEC": { "an integer": ":1\r\n", "two replies too many": "*0\r\n+OK\r\n+OK\r\n" },
  "SUBSCRIBE": { "an integer": ":1\r\n", "half a subscription": "*1\r\n$9\r\nsubscribe\r\n" },
  "CLIENT TRACKINGINFO": { "an integer": ":1\r\n", "an array of integers": "*2\r\n:1\r\n:2\r\n" },
  "CLIENT ID": { "nothing": "$-1\r\n", "an array": "*1\r\n*0\r\n" },
  "INFO server": { "a map": "%1\r\n+a\r\n+b\r\n", "an array": "*0\r\n" },
  "STRLEN": { "two replies too many": ":0\r\n:1\r\n+OK\r\n" },
  "PING": {
    "half a message": "*2\r\n$7\r\nmessage\r\n$1\r\na\r\n",
    "keys that are none": "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n" +
      "*2\r\n:7\r\n*0\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n",
  },
};

/** What is asked only where changes come over a second connection. */
const OF_REDIRECT = new Set(["SUBSCRIBE", "CLIENT ID", "PING"]);

for (const [command, lies] of Object.entries(WRONG_BESIDE)) {
  Deno.test(`wrong replies to ${command} do not end the process, and reads continue after them`, async () => {
    await using redis = await startRedisServer();
    await ask(redis.port, "SET", "key", "value");
    for (const [name, reply] of Object.entries(lies)) {
      let told = 0;
      using relay = new LyingRedis(redis.port, (args) => {
        const isIt = `${args[0]} ${args[1]?.toUpperCase()} `.startsWith(
          `${command.toUpperCase()} `,
        );
        return isIt && ++told > 0 ? reply : undefined;
      });
      const mode = OF_REDIRECT.has(command) ? "redirect" : "auto";
      const args = ["--redis-timeout", "0.2", "--lease", "0.3", "--tracking-mode", mode];
      await using proxy = await startProxy(relay.port, args, { awaitRedis: false });
      await until(() => told > 1 || (told > 0 && /Connected/.test(proxy.process.stderr)));
      await redisCli(proxy.port, "get", "key");
      relay.lie = () => undefined;
      await until(async () => await redisCli(proxy.port, "get", "key") === "value\n");
      assert(proxy.process.isRunning, `${name}: ${proxy.process.stderr}`);
    }
  });
}
