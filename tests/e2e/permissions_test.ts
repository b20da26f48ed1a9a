// Which commands clients may use: --deny, --allow and protected mode.
import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { ProxyProcess, startProxy } from "../support/proxy.ts";
import { ask, curl, figure, serving } from "../support/serving.ts";

Deno.test("a misspelt name in --deny or --allow ends the start, with the name that was meant", async () => {
  await using process = new ProxyProcess(["--port", "0", "--deny", "flushal,keys"]);
  assertEquals((await process.status).code, 2);
  assertMatch(process.stderr, /for --deny: wanted .*did you mean flushall, not flushal\?\n$/);
});

Deno.test("a name that Redis does not have is a warning once Redis has shown its commands", async () => {
  await using it = await serving(["--deny", "json.set,keys", "--allow", "@topk"]);
  await it.proxy.process.logged(/warn .*no such command: --deny json\.set has no effect/);
  await it.proxy.process.logged(/no such category of commands: --allow @topk has no effect/);
  assertEquals(it.proxy.process.stderr.match(/keys has no effect/), null);
});

Deno.test("--deny and --allow hold for HTTP as for RESP", async () => {
  for (
    const [args, mayGet] of [
      [["--deny", "get"], false],
      [["--deny", "@read"], false],
      [["--deny", "@all", "--read-only", "yes"], false],
      [["--deny", "@all", "--allow", "get"], true],
      [["--deny", "getrange,strlen,exists"], true],
    ] as const
  ) {
    await using it = await serving(args);
    await it.ask("SET", "k", "v");
    using client = await it.connect();
    await client.send(request("GET", "k"));
    const said = await client.until("\r\n");
    assertEquals(said === "$1\r\n", mayGet, args.join(" "));
    for (const flags of [[], ["--range", "0-0"], ["--head"]]) {
      const reply = await curl(it.port, "/k", "--include", ...flags);
      const status = mayGet ? (flags[0] === "--range" ? 206 : 200) : 403;
      assertEquals(reply.slice(0, 12), `HTTP/1.1 ${status}`, args.join(" "));
    }
    if (mayGet) continue;
    assertEquals(await curl(it.port, "/k"), `${said.slice(1, -2)}\n`);
    assertMatch(await curl(it.port, "/none"), /^NOPERM/);
    assertMatch(await curl(it.port, "/"), /redis-proxy/);
    assertEquals(
      (it.proxy.process.stderr.match(/Refused a command.*command=get/g) ?? []).length,
      1,
    );
  }
});

Deno.test("--deny holds for the commands that the cache and the proxy answer", async () => {
  await using it = await serving(["--deny", "get,client|setname,@hash,echo"]);
  await it.ask("SET", "k", "v");
  using client = await it.connect();
  const say = async (...words: string[]) => {
    await client.send(request(...words));
    return await client.until("\r\n");
  };
  for (let round = 0; round < 2; round++) {
    assertMatch(await say("GET", "k"), /^-NOPERM .*'get'/);
    assertMatch(await say("ECHO", "x"), /^-NOPERM .*'echo'/);
    assertMatch(await say("CLIENT", "SETNAME", "me"), /^-NOPERM .*'client\|setname'/);
    assertMatch(await say("HGETALL", "h"), /^-NOPERM .*'hgetall'/);
    assertEquals(await say("STRLEN", "k"), ":1\r\n");
    assertEquals(await say("SET", "n", "1"), "+OK\r\n");
  }
  await client.send(request("SET", "n", "2") + request("GET", "n"));
  assertEquals(await client.until("\r\n"), "+OK\r\n");
  assertMatch(await client.until("\r\n"), /^-NOPERM .*'get'/);
  assertEquals(await figure(it.port, "proxy_commands_refused"), 9);
});

Deno.test("with --deny @all, clients may do what --allow names, and log in", async () => {
  await using redis = await startRedisServer();
  const flags = ["--deny", "@all", "--allow", "get,set"];
  for (const more of [[], ["--read-only", "yes"]]) {
    await using proxy = await startProxy(redis.port, [...flags, ...more], {
      env: { RP_PASSWORD: "secret" },
    });
    using client = await RawClient.connect(proxy.port);
    await client.send(request("AUTH", "secret") + request("GET", "none") + request("ECHO", "x"));
    assertEquals(await client.text(10), "+OK\r\n$-1\r\n");
    assertMatch(await client.until("\r\n"), /^-NOPERM .*'echo'/);
    await client.send(request("NOSUCH"));
    assertMatch(await client.until("\r\n"), more.length === 0 ? /^-NOPERM / : /^-ERR unknown/);
  }
});

const WAYS = /^-NOPERM .*--password-file.*--listen-address 127\.0\.0\.1.*--protected-mode no\r\n$/;

Deno.test("protected mode refuses everything that a remote client may not do, always in the same way", async () => {
  await using it = await serving(["--proxy-protocol", "require"]);
  await it.ask("SET", "k", "v");
  using client = await it.connect();
  await client.send("PROXY TCP4 192.0.2.77 198.51.100.2 56324 8080\r\n");
  const say = async (text: string) => {
    await client.send(request(...text.split(" ")));
    return await client.until("\r\n");
  };
  for (
    const text of [
      ...["SET k w", "FLUSHALL", "EVAL x 0", "MULTI", "SUBSCRIBE c", "SELECT 1", "CONFIG SET a b"],
      ...["CLIENT KILL ID 1", "CLUSTER INFO", "READONLY", "CLIENT TRACKING ON", "DEBUG SLEEP 0"],
      ...["COMMAND GETKEYSANDFLAGS GET k", "MONITOR", "ACL WHOAMI"],
    ]
  ) assertMatch(await say(text), WAYS, text);
  for (const [text, reply] of [["GET k", "$1"], ["PING", "+PONG"], ["SELECT 0", "+OK"]] as const) {
    assertEquals(await say(text), `${reply}\r\n`);
    if (reply === "$1") await client.until("\r\n");
  }
  assertMatch(await say("SELECT x"), /^-ERR /);
  assertEquals(await it.ask("GET", "k"), "$1");
  assertEquals(await ask(it.redis.port, "DBSIZE"), ":1");
});
