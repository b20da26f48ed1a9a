// WAIT with a real replica, and errors of Redis that say where or when to ask again.
import { assertEquals } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { ask, serving, until } from "../support/serving.ts";

Deno.test("WAIT counts the replicas that have the writes of its client, over whichever connection they went", async () => {
  await using it = await serving();
  await using replica = await startRedisServer({
    args: ["--replicaof", `127.0.0.1 ${it.redis.port}`],
  });
  await until(async () => await it.ask("WAIT", "1", "100") === ":1");
  using client = await it.connect();
  for (let round = 0; round < 20; round++) {
    // The write takes the shared connection, WAIT a private one.
    await client.send(request("SET", "k", `${round}`) + request("WAIT", "1", "5000"));
    assertEquals(await client.text(9), "+OK\r\n:1\r\n");
    assertEquals(await ask(replica.port, "GETRANGE", "k", "0", "-1"), `$${`${round}`.length}`);
  }
  replica.kill("SIGSTOP");
  await client.send(request("SET", "k", "not there") + request("WAIT", "1", "100"));
  assertEquals(await client.text(9), "+OK\r\n:0\r\n");
  replica.kill("SIGCONT");
  await client.send(request("WAIT", "1", "5000"));
  assertEquals(await client.text(4), ":1\r\n");
});

Deno.test("errors that say where or when to ask again reach the client as they are", async () => {
  await using it = await serving();
  const errors = [
    ...["MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381", "CLUSTERDOWN The cluster is down"],
    ...["TRYAGAIN Multiple keys request during rehashing of slot", "LOADING Redis is loading"],
    ...["BUSY Redis is busy running a script", "MASTERDOWN Link with MASTER is down"],
    ...["READONLY You can't write against a read only replica.", "OOM command not allowed"],
    ...["MISCONF Redis is configured to save RDB snapshots", "NOREPLICAS Not enough good replicas"],
    ...["NOPERM this user has no permissions", "NOAUTH Authentication required.", "WRONGTYPE x"],
    ...["CROSSSLOT Keys in request don't hash to the same slot", "UNKILLABLE x", "NOSCRIPT x"],
  ];
  for (const before of [[], ["WATCH", "k"]]) {
    using client = await RawClient.connect(it.port);
    if (before.length > 0) assertEquals(await client.exchange(request(...before), 5), "+OK\r\n");
    for (const error of errors) {
      const script = `return redis.error_reply("${error}")`;
      await client.send(request("EVAL", script, "0") + request("ECHO", "on"));
      assertEquals(await client.until("\r\n"), `-${error}\r\n`);
      assertEquals(await client.text(8), "$2\r\non\r\n");
    }
  }
});
