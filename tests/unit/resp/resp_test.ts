import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { Credentials } from "../../../src/core/credentials.ts";
import { Input } from "../../../src/server/input.ts";
import { Log } from "../../../src/core/log.ts";
import {
  Entry,
  Failure,
  type Key,
  type Lookup,
  NO_TERMS,
  type Outcome,
} from "../../../src/core/types.ts";
import { Resp, RESP_LIMITS, type RespContext } from "../../../src/resp/mod.ts";
import { request } from "../../support/client.ts";
import { PEER, respContext } from "../../support/resp_context.ts";
import { cuts, feed, written } from "../../support/wire.ts";

const WRONG_TYPE = new Failure("reply", "WRONGTYPE Operation against a key of another type");
const AWAY = new Failure("away", "Redis is away: connection closed");

/** A cache that has all there is. */
class Everything implements Lookup {
  readonly keys: Record<Key, Outcome> = {
    str: new Entry(Buffer.from("hello world"), 0, Infinity),
    empty: new Entry(Buffer.alloc(0), 0, Infinity),
    list: WRONG_TYPE,
    gone: AWAY,
  };

  find(bytes: Buffer, from: number, to: number): Uint8Array | undefined {
    const outcome = this.get(bytes.toString("latin1", from, to));
    return outcome instanceof Entry ? outcome.value : undefined;
  }

  get(key: Key): Outcome {
    return this.keys[key] ?? null;
  }

  getMany(keys: readonly Key[]): Outcome[] {
    return keys.map((key) => this.get(key));
  }

  ask(key: Key) {
    const outcome = this.get(key);
    const rest = { age: 0, timeLeft: 0, isStored: false, isCollapsed: false };
    return { outcome, via: "hit" as const, ...rest, terms: NO_TERMS };
  }
}

/** A conversation with a server: what is said, and what is answered to it. */
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
    return await written((output) => {
      for (const piece of pieces) {
        feed(this.#input, piece);
        while (!this.isOver) {
          const one = this.#resp.next(this.#input);
          if (one === undefined) break;
          one.reply(output, one.read(this.#lookup, 0));
          this.isOver = one.last;
        }
      }
    });
  }
}

Deno.test("Resp.next() keeps what has come of a request from those of other clients", async () => {
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

Deno.test("Resp.next() answers a pipeline alike however it is cut", async () => {
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

Deno.test("HELLO changes nothing when any part of it is wrong", async () => {
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

Deno.test("SELECT takes the database that is served and no other", async () => {
  const talk = new Talk({ database: 5 });
  assertEquals(await talk.say("SELECT 5\r\n"), "+OK\r\n");
  assertMatch(await talk.say("SELECT 0\r\n"), /^-ERR .* serves database 5\r\n$/);
});

Deno.test("CLIENT LIST shows the connection as it has described itself", async () => {
  const talk = new Talk({ database: 5 });
  await talk.say(
    "HELLO 3 SETNAME me\r\nCLIENT SETINFO lib-name lib\r\nCLIENT SETINFO LIB-VER 1.0\r\n",
  );
  const line = await talk.say("CLIENT LIST\r\n");
  assertMatch(line, /^=\d+\r\ntxt:id=\d+ addr=192\.0\.2\.1:1234 laddr=192\.0\.2\.2:8080 name=me /);
  assertMatch(line, / db=5 .* user=default .* resp=3 lib-name=lib lib-ver=1\.0\n\r\n$/);
  assertEquals(await talk.say("CLIENT LIST TYPE pubsub\r\n"), "=4\r\ntxt:\r\n");
  assertEquals(
    Number(/^=(\d+)/.exec(line)![1]),
    line.length - /^=\d+\r\n/.exec(line)![0].length - 2,
  );
});

Deno.test("INFO tells the facts, by sections", async () => {
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

Deno.test("CONFIG GET tells the settings that are Redis's too", async () => {
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

Deno.test("COMMAND INFO and COMMAND LIST agree on what is served, and it is", async () => {
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

Deno.test("a request that is not served is answered without being kept", async () => {
  const talk = new Talk({ limits: { ...RESP_LIMITS, requestBytes: 100_000 } });
  const reply = await talk.say(
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000000\r\n",
    ...Array.from({ length: 100 }, () => "v".repeat(100_000)),
    "\r\n" + request("PING"),
  );
  assertMatch(reply, /^-ERR unknown command 'SET' for this read cache[^\r]*\r\n\+PONG\r\n$/);
});

Deno.test("a request that is served has a limit, which is told before its bytes have come", async () => {
  const talk = new Talk({ limits: { ...RESP_LIMITS, requestBytes: 100_000 } });
  assertEquals(await talk.say("*2\r\n$3\r\nGET\r\n$99000\r\n"), "");
  const other = new Talk({ limits: { ...RESP_LIMITS, requestBytes: 100_000 } });
  assertEquals(
    await other.say("*2\r\n$3\r\nGET\r\n$100000\r\n"),
    "-ERR Protocol error: too big request\r\n",
  );
  assertEquals(other.isOver, true);
});
