import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { Credentials } from "../../../src/core/credentials.ts";
import { Input } from "../../../src/server/input.ts";
import { Log } from "../../../src/core/log.ts";
import {
  type Answer,
  Failure,
  type Key,
  type KeyBytes,
  type Lookup,
} from "../../../src/core/types.ts";
import { Resp, RESP_LIMITS, type RespContext } from "../../../src/resp/mod.ts";
import { request } from "../../support/client.ts";
import { KEY_BYTES, OPTION_BYTES } from "../../../src/resp/parse/limits.ts";
import { PEER, respContext } from "../../support/resp_context.ts";
import { cuts, feed, written } from "../../support/wire.ts";

const WRONG_TYPE = new Failure("reply", "WRONGTYPE Operation against a key of another type");
const AWAY = new Failure("away", "Redis is away: connection closed");

/** A cache that holds everything. */
class Everything implements Lookup {
  readonly keys: Record<Key, Answer> = {
    str: Buffer.from("hello world"),
    empty: Buffer.alloc(0),
    list: WRONG_TYPE,
    gone: AWAY,
  };

  get(key: Key | KeyBytes): Answer {
    const isText = typeof key === "string";
    return this.keys[isText ? key : key.bytes.toString("latin1", key.from, key.to)] ?? null;
  }

  together<T>(read: () => T): T {
    return read();
  }

  explain() {
    return {};
  }
}

/** A conversation with a server: requests and replies. */
class Talk {
  readonly log: string[] = [];
  readonly #input = new Input();
  readonly #lookup = new Everything();
  readonly #resp: Resp;
  isOver = false;

  constructor(options: Partial<RespContext> = {}) {
    const log = new Log("info", "text", (line) => this.log.push(line));
    this.#resp = new Resp(respContext({ log, ...options }), PEER);
  }

  async say(...pieces: string[]): Promise<string> {
    return await written(async (output) => {
      for (const piece of pieces) {
        feed(this.#input, piece);
        while (!this.isOver) {
          const one = this.#resp.next(this.#input);
          if (one === undefined && this.#resp.isPaused) continue;
          if (one === undefined) break;
          const found = await one.read(this.#lookup, 0);
          while (one.reply(output, found) === false);
          this.isOver = one.last;
        }
      }
    });
  }
}

Deno.test("an empty request uses up CLIENT REPLY SKIP, as before Redis 8", async () => {
  const skip = request("CLIENT", "REPLY", "SKIP");
  for (const empty of ["*0\r\n", "*-1\r\n", "\r\n", "\n", "  \r\n"]) {
    for (const [version, wanted] of [["7.0.15", "+PONG\r\n"], ["8.0.2", ""]] as const) {
      const talk = new Talk({ redisVersion: () => version });
      assertEquals(await talk.say(skip + empty, request("PING")), wanted, version + empty);
      assertEquals(await talk.say(request("PING")), "+PONG\r\n");
      assertEquals(await talk.say(empty + skip + request("PING")), "");
    }
  }
});

Deno.test("Resp.next() never mixes the parts of requests of different clients", async () => {
  const stranger = { credentials: new Credentials("default", "secret") };
  const wholes = [request("GET", "str"), request("STRLEN", "str", "x"), "GET str\r\n"];
  const cases = wholes.flatMap((whole) =>
    Array.from(whole.slice(1), (_, index) => ({ whole, cut: index + 1 }))
  );
  for (const { whole, cut } of cases) {
    const [one, other, third] = [new Talk(), new Talk(), new Talk(stranger)];
    const said = [
      await one.say(whole.slice(0, cut)),
      await other.say("PING\r\n"),
      await third.say("*11\r\n"),
      await other.say(whole, whole.slice(0, -cut)),
      await one.say(whole.slice(cut)),
      await other.say(whole.slice(-cut)),
    ];
    const found = whole.includes("GET")
      ? "$11\r\nhello world\r\n"
      : "-ERR wrong number of arguments for 'strlen' command\r\n";
    const refused = "-ERR Protocol error: unauthenticated multibulk length\r\n";
    assertEquals(said, ["", "+PONG\r\n", refused, found, found, found], `${whole} cut at ${cut}`);
  }
});

Deno.test("Resp.next() answers reads as Redis does, in both versions of RESP", async () => {
  const cases: [line: string, resp2: string, resp3?: string][] = [
    ["GET str", "$11\r\nhello world\r\n"],
    ["GET empty", "$0\r\n\r\n"],
    ["GET none", "$-1\r\n", "_\r\n"],
    ["GET list", `-${WRONG_TYPE.message}\r\n`],
    ["GET gone", "-ORIGINDOWN Redis is away: connection closed\r\n"],
    [
      "MGET str none list",
      "*3\r\n$11\r\nhello world\r\n$-1\r\n$-1\r\n",
      "*3\r\n$11\r\nhello world\r\n_\r\n_\r\n",
    ],
    ["MGET str gone", "-ORIGINDOWN Redis is away: connection closed\r\n"],
    ["STRLEN str", ":11\r\n"],
    ["STRLEN none", ":0\r\n"],
    ["STRLEN gone", "-ORIGINDOWN Redis is away: connection closed\r\n"],
    ["EXISTS str none list str", ":3\r\n"],
    ["EXISTS gone", "-ORIGINDOWN Redis is away: connection closed\r\n"],
    ["GETRANGE str 0 4", "$5\r\nhello\r\n"],
    ["GETRANGE str -5 -1", "$5\r\nworld\r\n"],
    ["GETRANGE str -100 -90", "$1\r\nh\r\n"],
    ["GETRANGE str 5 2", "$0\r\n\r\n"],
    ["GETRANGE str 11 20", "$0\r\n\r\n"],
    ["GETRANGE empty 0 -1", "$0\r\n\r\n"],
    ["GETRANGE none 0 -1", "$0\r\n\r\n"],
    ["GETRANGE str x 1", "-ERR value is not an integer or out of range\r\n"],
    ["SUBSTR str 6 -1", "$5\r\nworld\r\n"],
  ];
  const resp2 = new Talk();
  const resp3 = new Talk();
  await resp3.say("HELLO 3\r\n");
  for (const [line, wanted, wanted3 = wanted] of cases) {
    const args = request(...line.split(" "));
    assertEquals(await resp2.say(args), wanted, line);
    assertEquals(await resp3.say(args), wanted3, line);
    assertEquals(await resp2.say(`${line}\r\n`), wanted, `inline ${line}`);
  }
});

Deno.test("Resp.next() answers a pipeline in the same way at every cut", async () => {
  const pipeline = request("GET", "str") + "HELLO 3 SETNAME me\r\n" + request("GET", "none") +
    request("SET", "k", "v") + "CLIENT REPLY SKIP\r\nGET none\r\nCLIENT GETNAME\r\nRESET\r\n" +
    request("MGET", "none", "str") + "*-1\r\n\r\n" + request("ECHO", "\0\r\n") +
    "QUIT\r\nGET str\r\n";
  const mask = (text: string) => text.replace(/(?<=\$2\r\nid\r\n:)\d+/, "#");
  const wanted = mask(await new Talk().say(pipeline));
  assertMatch(
    wanted,
    /^\$11\r\nhello world\r\n%7\r\n.*\*0\r\n_\r\n-ERR unknown command 'SET' .*\+OK\r\n$/s,
  );
  for (const { name, pieces } of cuts(pipeline)) {
    assertEquals(mask(await new Talk().say(...pieces)), wanted, name);
  }
});

Deno.test("HELLO changes nothing if any part of it is wrong", async () => {
  const credentials = new Credentials("reader", "secret");
  const talk = new Talk({ credentials });
  for (
    const line of [
      "HELLO 3 AUTH reader wrong",
      "HELLO 4 AUTH reader secret",
      "HELLO 3 AUTH reader secret FOO",
      'HELLO 3 AUTH reader secret SETNAME "a b"',
      "HELLO 3 SETNAME me",
    ]
  ) {
    assertMatch(await talk.say(`${line}\r\n`), /^-(WRONGPASS|NOPROTO|ERR|NOAUTH) /, line);
    assertMatch(await talk.say("GET none\r\n"), /^-NOAUTH /, line);
  }
  assertMatch(await talk.say("HELLO 3 AUTH reader secret SETNAME me\r\n"), /^%7\r\n/);
  assertEquals(await talk.say("GET none\r\nCLIENT GETNAME\r\n"), "_\r\n$2\r\nme\r\n");
  assertMatch(await talk.say("HELLO 2 FOO\r\n"), /^-ERR Syntax error in HELLO option 'FOO'\r\n$/);
  assertEquals(await talk.say("GET none\r\n"), "_\r\n");
});

Deno.test("SELECT accepts the served database and no other", async () => {
  const talk = new Talk({ database: 5 });
  assertEquals(await talk.say("SELECT 5\r\n"), "+OK\r\n");
  assertMatch(await talk.say("SELECT 0\r\n"), /^-ERR .* serves database 5\r\n$/);
});

Deno.test("CLIENT LIST shows the connection as it described itself", async () => {
  const talk = new Talk({ database: 5 });
  await talk.say(
    "HELLO 3 SETNAME me\r\nCLIENT SETINFO lib-name lib\r\nCLIENT SETINFO LIB-VER 1.0\r\n",
  );
  const line = await talk.say("CLIENT LIST\r\n");
  assertMatch(
    line,
    /^=\d+\r\ntxt:id=\d+ addr=192\.0\.2\.1:1234 laddr=192\.0\.2\.2:8080 fd=-1 name=me /,
  );
  assertMatch(line, / db=5 .* user=default .* resp=3 lib-name=lib lib-ver=1\.0\n\r\n$/);
  assertEquals(await talk.say("CLIENT LIST TYPE pubsub\r\n"), "=4\r\ntxt:\r\n");
  assertEquals(
    Number(/^=(\d+)/.exec(line)![1]),
    line.length - /^=\d+\r\n/.exec(line)![0].length - 2,
  );
});

Deno.test("INFO shows the figures by sections", async () => {
  const talk = new Talk();
  const all = await talk.say("INFO\r\n");
  for (
    const line of ["redis_version:7.0.15", "redis_mode:standalone", "loading:0", "role:master"]
      .concat("connected_clients:3", "uptime_in_days:1", "cache_entries:7", "origin_up:1")
  ) {
    assert(all.includes(`\r\n${line}\r\n`), line);
  }
  const some = await talk.say("INFO REPLICATION clients nothing\r\n");
  assertEquals(some.match(/# \w+/g), ["# Clients", "# Replication"]);
  assertEquals(await talk.say("INFO nothing\r\n"), "$0\r\n\r\n");
});

Deno.test("CONFIG GET shows the settings that Redis has too", async () => {
  const talk = new Talk();
  assertEquals(
    await talk.say("CONFIG GET maxclients\r\n"),
    "*2\r\n$10\r\nmaxclients\r\n$3\r\n100\r\n",
  );
  assertMatch(await talk.say("CONFIG GET *\r\n"), /^\*10\r\n/);
  assertEquals(await talk.say("CONFIG GET constructor\r\n"), "*0\r\n");
  for (const command of ["CONFIG", "COMMAND", "CLIENT", "PROXY"]) {
    assertMatch(await talk.say(`${command} HELP\r\n`), new RegExp(`^\\*\\d+\r\n\\+${command} `));
  }
});

Deno.test("COMMAND INFO and COMMAND LIST agree on the served commands, and all are served", async () => {
  const talk = new Talk();
  const names = (await talk.say("COMMAND LIST\r\n")).split("\r\n").filter((line) =>
    /^[a-z]/.test(line)
  );
  assertEquals(await talk.say("COMMAND COUNT\r\n"), `:${names.length}\r\n`);
  for (const name of names) {
    assertMatch(
      await talk.say(`COMMAND INFO ${name}\r\n`),
      new RegExp(`^\\*1\\r\\n\\*10\\r\\n\\$\\d+\\r\\n${name}\\r\\n`),
    );
    if (name !== "quit") assert(!/unknown command/.test(await talk.say(`${name} x\r\n`)), name);
  }
});

Deno.test("a protocol error is reported as soon as the bytes show it", async () => {
  const cases: [sent: string, why: string][] = [
    ["x".repeat(65_537), "too big inline request"],
    [`*1${"0".repeat(65_537)}`, "too big mbulk count string"],
    [`*1\r\n$1${"0".repeat(65_537)}`, "too big bulk count string"],
    [`*2\r\n$4\r\nMGET\r\n$1${"0".repeat(65_537)}`, "too big bulk count string"],
    [`*2\r\n$4\r\nMGET\r\n${"x".repeat(65_537)}`, "expected '$', got 'x'"],
  ];
  for (const [sent, why] of cases) {
    for (const size of [10_000, 65_536, 100_000]) {
      for (const before of ["", request("ECHO", "hello")]) {
        const talk = new Talk();
        await talk.say(before);
        assertEquals(await talk.say(...piecesOf(sent, size)), `-ERR Protocol error: ${why}\r\n`);
        assertEquals(talk.isOver, true);
      }
    }
  }
});

Deno.test("a protocol error ends the conversation and is logged with a printable sample", async () => {
  const talk = new Talk();
  const reply = await talk.say(request("PING") + "*1\r\n\x1b[31m\r\n" + request("PING"));
  assertEquals(reply, "+PONG\r\n-ERR Protocol error: expected '$', got '\x1b'\r\n");
  assertEquals(talk.isOver, true);
  assertEquals(talk.log.length, 1);
  assertMatch(
    talk.log[0]!,
    /Protocol error peer=192\.0\.2\.1:1234 why=.* sample=\*1\\r\\n\\x1b\[31m/,
  );
});

Deno.test("a request that is not served is answered without being buffered", async () => {
  const talk = new Talk({ limits: { ...RESP_LIMITS, requestBytes: 100_000 } });
  const reply = await talk.say(
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000000\r\n",
    ...Array.from({ length: 100 }, () => "v".repeat(100_000)),
    "\r\n" + request("PING"),
  );
  assertMatch(reply, /^-ERR unknown command 'SET' for this read cache[^\r]*\r\n\+PONG\r\n$/);
});

Deno.test("a request for many keys has a limit, reported before its bytes arrive", async () => {
  const limits = { ...RESP_LIMITS, requestBytes: 100_000 };
  const talk = new Talk({ limits });
  assertEquals(await talk.say("*2\r\n$4\r\nMGET\r\n$99000\r\n"), "");
  const other = new Talk({ limits });
  assertEquals(
    await other.say("*2\r\n$4\r\nMGET\r\n$100000\r\n"),
    "-ERR Protocol error: too big request\r\n",
  );
  assertEquals(other.isOver, true);
  const third = new Talk({ limits });
  const keys = ["x".repeat(60_000), "x".repeat(60_000)];
  assertEquals(
    await third.say(...request("MGET", ...keys).match(/[^]{1,5000}/g)!),
    "-ERR Protocol error: too big request\r\n",
  );
});

/** Text in pieces of this size. */
function piecesOf(text: string, size: number): string[] {
  return Array.from(
    { length: Math.ceil(text.length / size) },
    (_, index) => text.slice(index * size, (index + 1) * size),
  );
}

Deno.test("a key that is too long is refused and not buffered, and the connection stays open", async () => {
  const key = "k".repeat(KEY_BYTES);
  assertEquals(await new Talk().say(request("MGET", "none", key)), "*2\r\n$-1\r\n$-1\r\n");
  const fits = "k".repeat(OPTION_BYTES - 50);
  assertEquals(await new Talk().say(request("GET", fits)), "$-1\r\n");
  const requests = {
    get: request("GET", key),
    getrange: request("GETRANGE", key, "0", "1"),
    strlen: request("STRLEN", key),
    mget: request("MGET", "str", `${key}k`, "str"),
    exists: request("EXISTS", ...Array(5).fill(`${key}k`)),
    auth: request("AUTH", key),
    client: request("CLIENT", "SETNAME", key),
    config: request("CONFIG", "GET", ...Array(100).fill("k".repeat(2000))),
    echo: request("ECHO", key),
  };
  for (const [name, bytes] of Object.entries(requests)) {
    const what = /mget|exists/.test(name) ? "Key too long" : "Request too large";
    const wanted = new RegExp(`^-ERR ${what} for '${name}' command: wanted .*\r\n\\+PONG\r\n$`);
    for (const size of [50_000, bytes.length]) {
      const reply = await new Talk().say(...piecesOf(bytes, size), request("PING"));
      assertMatch(reply, wanted, `pieces of ${size} bytes`);
    }
  }
});

Deno.test("commands take as many keys as a request may have, and at most 1,024 options", async () => {
  const many = (count: number) => Array(count).fill("str");
  const talk = new Talk();
  assertMatch(await talk.say(request("CONFIG", "GET", ...many(1022))), /^\*0\r\n$/);
  for (
    const [command, ...rest] of [["CONFIG", "GET"], ["INFO"], ["COMMAND", "INFO"], ["HELLO", "3"]]
  ) {
    assertMatch(
      await talk.say(request(command!, ...rest, ...many(1024)), request("PING")),
      /^-ERR Request too large for '\w+' command: wanted .* 1024 arguments\r\n\+PONG\r\n$/,
    );
  }
});

Deno.test("MGET and EXISTS of many keys are answered in the same way at every cut", async () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => index % 3 === 0 ? "none" : "str");
  const mget = `*20000\r\n${
    keys.map((key) => key === "none" ? "$-1\r\n" : "$11\r\nhello world\r\n").join("")
  }`;
  for (const setting of ["CACHED", "FORCED"]) {
    for (const size of [1000, 70_000, 10_000_000]) {
      const talk = new Talk();
      await talk.say(`PROXY FRESHNESS ${setting}\r\n`);
      const bytes = request("MGET", ...keys) + request("EXISTS", ...keys) + request("PING");
      const reply = await talk.say(...piecesOf(bytes, size));
      assert(reply === `${mget}:13333\r\n+PONG\r\n`, `${setting}, pieces of ${size} bytes`);
    }
  }
});

Deno.test("any number of empty requests before a request is skipped", async () => {
  for (const empty of ["*-1\r\n", "*0\r\n", "\r\n", " \r\n"]) {
    const text = empty.repeat(5000);
    assertEquals(await new Talk().say(text + request("GET", "str")), "$11\r\nhello world\r\n");
    assertEquals(await new Talk().say(text + request("STRLEN", "str")), ":11\r\n");
  }
});

Deno.test("discarded bytes are never read as a request, at any cut", async () => {
  const hidden = request("GET", "str").repeat(5000);
  const bytes = request("SET", "k", hidden, hidden) + request("STRLEN", "str");
  for (const size of [1000, 4096, 65_536, bytes.length]) {
    const pieces = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    assertMatch(await new Talk().say(...pieces), /^-ERR unknown command 'SET'[^\r]*\r\n:11\r\n$/);
  }
});
