/** A password of Redis that changes while the proxy runs, such as a token that expires. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { startProxy } from "../support/proxy.ts";
import { ask, redisCli, until } from "../support/serving.ts";

/** A Redis with a user whose password is in a file, and a proxy with that user. */
async function rig() {
  const redis = await startRedisServer();
  const user = (...rules: string[]) => ask(redis.port, "ACL", "SETUSER", "app", ...rules);
  await user("on", ">first", "allkeys", "allchannels", "allcommands");
  const file = await Deno.makeTempFile({ prefix: "redis-proxy-password-" });
  await Deno.writeTextFile(file, "first\n");
  const proxy = await startProxy(null, [
    ...["--redis-url", `redis://app@127.0.0.1:${redis.port}`, "--protected-mode", "no"],
    ...["--redis-password-file", file],
  ]);
  return {
    redis,
    proxy,
    user,
    file,
    /** Replaces the file, and has the proxy look at it. */
    async change(text: string) {
      await Deno.writeTextFile(file, text);
      proxy.process.kill("SIGHUP");
    },
    /** The logins of the user so far, by how they ended. */
    async logins() {
      const stats = await redisCli(redis.port, "INFO", "commandstats");
      const [, calls, failed] = /cmdstat_auth:calls=(\d+).*?failed_calls=(\d+)/.exec(stats)!;
      return [Number(calls), Number(failed)];
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await redis.stop();
      await Deno.remove(file);
    },
  };
}

Deno.test("a new password in the file is used on all connections, and nobody is disconnected", async () => {
  await using it = await rig();
  const { proxy, redis, user } = it;
  assertEquals(await ask(proxy.port, "SET", "k", "v"), "+OK");
  using blocked = await RawClient.connect(proxy.port);
  await blocked.send(request("BLPOP", "queue", "0"));
  using busy = await RawClient.connect(proxy.port);
  await busy.send(request("MULTI"));
  assertEquals(await busy.until("\r\n"), "+OK\r\n");
  using subscriber = await RawClient.connect(proxy.port);
  await subscriber.send(request("SUBSCRIBE", "news"));
  await subscriber.until(":1\r\n");
  await until(async () => (await redisCli(redis.port, "CLIENT", "LIST")).includes("cmd=blpop"));
  const [before] = await it.logins();
  // A connection that is just being opened may still use the old password.
  await user(">second");
  await it.change("second");
  // The connection that reads and the shared lane log in at once.
  await until(async () => (await it.logins())[0]! >= before! + 2);
  await user("<first");
  // The blocked client's turn comes when it is served, and that of the transaction at its end.
  assertEquals(await ask(proxy.port, "RPUSH", "queue", "job"), ":1");
  assertEquals(await blocked.until("job\r\n"), request("queue", "job"));
  assertEquals(await busy.exchange(request("GET", "k"), 9), "+QUEUED\r\n");
  await busy.send(request("EXEC"));
  assertEquals(await busy.until("$1\r\nv\r\n"), "*1\r\n$1\r\nv\r\n");
  await until(async () => (await it.logins())[0]! >= before! + 4);
  assertEquals((await it.logins())[1], 0);
  assertEquals(await ask(proxy.port, "PUBLISH", "news", "hello"), ":1");
  await subscriber.until("hello\r\n");
  // New connections use the new password.
  await ask(redis.port, "CLIENT", "KILL", "USER", "app");
  await until(async () => (await ask(proxy.port, "SET", "k", "w")) === "+OK");
  await until(async () => (await ask(proxy.port, "GET", "k")) === "$1");
});

Deno.test("a password that Redis does not take leaves the connections as they are, and the log says so", async () => {
  await using it = await rig();
  const { proxy, user } = it;
  assertEquals(await ask(proxy.port, "SET", "k", "v"), "+OK");
  await it.change("wrong");
  const [line] = await proxy.process.logged(/Redis does not take the new password.*/);
  assertStringIncludes(line, "--redis-password-file");
  assertEquals(await ask(proxy.port, "SET", "k", "w"), "+OK");
  await it.change("");
  await proxy.process.logged(/Cannot reload the redis-password-file: kept the old one/);
  await user(">third");
  await it.change("third");
  await proxy.process.logged(/The password of Redis has changed/);
});

Deno.test("a changed file is noticed without a signal", async () => {
  await using it = await rig();
  await it.user(">second");
  await Deno.writeTextFile(it.file, "second");
  await it.proxy.process.logged(/The password of Redis has changed/);
});

Deno.test("a Redis that gets a password through a proxy without one lets clients log in as before, and as Redis does", async () => {
  await using redis = await startRedisServer();
  await using expected = await startRedisServer();
  await using proxy = await startProxy(redis.port);
  const talk = async (port: number) => {
    const said: string[] = [];
    using first = await RawClient.connect(port);
    using second = await RawClient.connect(port);
    const say = async (client: RawClient, line: string) => {
      await client.send(request(...line.split(" ")) + request("ECHO", "(end)"));
      said.push(`${line}: ${await client.until("$5\r\n(end)\r\n")}`);
    };
    for (
      const line of ["AUTH x", "AUTH default x", "HELLO 2 AUTH nobody x", "SELECT 3", "AUTH x"]
    ) {
      await say(first, line);
    }
    await say(first, "CONFIG SET requirepass secret");
    for (const line of ["AUTH wrong", "AUTH default wrong", "AUTH default secret", "AUTH secret"]) {
      await say(first, line);
      await say(first, "INCR n");
    }
    for (
      const line of [
        ...[
          "AUTH wrong",
          "AUTH secret",
          "SELECT 9",
          "SET k v",
          "GET k",
          "WATCH k",
          "GET k",
          "AUTH secret",
          "AUTH wrong",
          "UNWATCH",
        ],
        ...[
          "ACL SETUSER bob on >pw ~* +acl +get +echo +client",
          "AUTH bob pw",
          "ACL WHOAMI",
          "SET k w",
        ],
        ...["AUTH bob wrong", "AUTH default secret", "ACL WHOAMI"],
      ]
    ) {
      await say(second, line);
    }
    await second.send(request("CLIENT", "REPLY", "OFF") + request("AUTH", "bob", "pw"));
    await second.send(request("CLIENT", "REPLY", "ON") + request("ACL", "WHOAMI"));
    said.push(await second.until("bob\r\n"));
    await say(second, "AUTH secret");
    await say(second, "CONFIG SET requirepass ");
    await say(second, "AUTH x");
    return said;
  };
  assertEquals(await talk(proxy.port), await talk(expected.port));
});
