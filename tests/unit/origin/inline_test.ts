/** Tracking over the connection that reads, and what proves that it goes on. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Follower } from "../../../src/origin/follower.ts";
import { Handshake } from "../../../src/origin/handshake.ts";
import { trackInline } from "../../../src/origin/inline.ts";
import { Declined } from "../../../src/origin/refusal.ts";
import { Closings } from "../../../src/origin/wire/closings.ts";
import { type Answerer, bulk, connectTo, settled } from "../../support/fake_redis.ts";

const HELLO = `%2\r\n${bulk("server")}${bulk("redis")}${bulk("proto")}:3\r\n`;
const TRACKED = `%3\r\n${bulk("flags")}~1\r\n${bulk("on")}${bulk("redirect")}:0\r\n` +
  `${bulk("prefixes")}*0\r\n`;
/** The same in RESP2. */
const RESP2 = TRACKED.replace("%3", "*6").replace("~1", "*1");
const MASTER = `*3\r\n${bulk("master")}:0\r\n*0\r\n`;
const DENIED = "-NOPERM this user has no permissions to run the command\r\n";
const UNKNOWN = "-ERR Unknown subcommand\r\n";
const DEFAULT = { tracking: "default", prefixes: [] } as const;

/** A Redis that tracks, but for what a test says. */
function redisWith(replies: Record<string, string>): Answerer {
  const all: Record<string, string> = {
    "HELLO": HELLO,
    "CLIENT TRACKING": "+OK\r\n",
    "CLIENT TRACKINGINFO": TRACKED,
    "CLIENT GETREDIR": ":0\r\n",
    "ROLE": MASTER,
    "INFO": bulk("# Replication\r\nrole:master\r\n"),
    "PING": "+PONG\r\n",
    ...replies,
  };
  return (words) =>
    all[words.slice(0, 2).join(" ")] ?? all[words[0]!] ?? "-ERR unknown command\r\n";
}

async function track(
  replies: Record<string, string> = {},
  options = DEFAULT,
  closings = new Closings(),
) {
  const it = connectTo(redisWith(replies));
  try {
    const handshake = new Handshake(it.connection, 1000, closings);
    const tracking = await trackInline({ connection: it.connection, handshake }, options);
    return { ...it, tracking, ask: tracking.probes[0]!.ask, declined: handshake.declined };
  } catch (error) {
    it[Symbol.dispose]();
    throw error;
  }
}

/** Notes what it is told. */
class Notes implements Follower {
  readonly told: string[] = [];
  up() {}
  down() {}
  answered() {}
  doubted() {}
  invalidate = (key: string) => void this.told.push(key);
  flush = () => void this.told.push("all");
  foreign = () => void this.told.push("foreign");
}

Deno.test("trackInline() turns tracking on, and passes every change in order", async () => {
  using it = await track();
  assertEquals(it.redis.requests, ["HELLO 3", "CLIENT TRACKING ON", "CLIENT TRACKINGINFO", "ROLE"]);
  const notes = new Notes();
  it.tracking.listen(notes, () => {});
  const invalidate = (keys: string) => `>2\r\n${bulk("invalidate")}${keys}`;
  it.redis.send(invalidate(`*2\r\n${bulk("a")}${bulk("\xff\r\n")}`) + invalidate("_\r\n"));
  it.redis.send(`>2\r\n${bulk("MOVING")}:1\r\n${invalidate(`*1\r\n${bulk("")}`)}`);
  await settled();
  assertEquals(notes.told, ["a", "\xff\r\n", "all", ""]);
});

Deno.test("trackInline() requests all keys of the prefixes in bcast mode", async () => {
  const options = { tracking: "bcast", prefixes: ["a:", "\xe9:"] } as const;
  using it = await track({}, options as unknown as typeof DEFAULT);
  assertEquals(it.redis.requests[1], "CLIENT TRACKING ON BCAST PREFIX a: PREFIX \xe9:");
});

Deno.test("trackInline() is declined if there is no RESP3, or Redis refuses tracking", async () => {
  const cases: Record<string, string>[] = [
    { HELLO: "-ERR unknown command 'HELLO'\r\n" },
    { HELLO: "-NOPROTO unsupported protocol version\r\n" },
    { HELLO: HELLO.replace("%2", "*4").replace(":3", ":2") },
    { "CLIENT TRACKING": DENIED },
    { "CLIENT TRACKING": "-ERR unknown subcommand 'TRACKING'\r\n" },
    // In RESP2, Redis agrees to track, and sends nothing.
    ...[RESP2, "*0\r\n", ":1\r\n"].map((reply) => ({ "CLIENT TRACKINGINFO": reply })),
  ];
  for (const replies of cases) await assertRejects(() => track(replies), Declined);
});

Deno.test("trackInline() fails if Redis says OK and does not track", async () => {
  const off = TRACKED.replace(bulk("on"), bulk("off"));
  const astray = TRACKED.replace(":0", ":7");
  for (const reply of [off, astray]) {
    await assertRejects(() => track({ "CLIENT TRACKINGINFO": reply }), Error, "tracking is");
  }
  await assertRejects(() => track({ "CLIENT TRACKINGINFO": "%0\r\n" }), Error, "does not say");
});

Deno.test("a probe fails once the connection is no longer tracked, or Redis has another role", async () => {
  using it = await track();
  await it.ask();
  it.redis.answer = redisWith({ "CLIENT TRACKINGINFO": TRACKED.replace(bulk("on"), bulk("off")) });
  await assertRejects(it.ask, Error, "tracking is off");
  it.redis.answer = redisWith({ "CLIENT TRACKINGINFO": RESP2 });
  await assertRejects(it.ask, Error, "wanted RESP3");
  it.redis.answer = redisWith({ ROLE: MASTER.replace("$6\r\nmaster", "$5\r\nslave") });
  await assertRejects(it.ask, Error, "Redis was a master and is a slave now");
  it.redis.answer = redisWith({});
  await it.ask();
  it.redis.end();
  await assertRejects(it.ask, Error, "closed");
});

Deno.test("a probe without TRACKINGINFO fails once the connection is no longer tracked", async () => {
  using it = await track({ "CLIENT TRACKINGINFO": UNKNOWN });
  it.redis.answer = redisWith({ "CLIENT GETREDIR": ":-1\r\n" });
  await assertRejects(it.ask, Error, "tracking is off");
  const off = { "CLIENT TRACKINGINFO": UNKNOWN, "CLIENT GETREDIR": ":-1\r\n" };
  await assertRejects(() => track(off), Error, "tracking is off");
});

Deno.test("trackInline() is declined if connections end at the question whether they are tracked", async () => {
  // A network fault may have ended them: then the proof must not be left out for good.
  for (const step of ["CLIENT TRACKINGINFO", "CLIENT GETREDIR"]) {
    const closings = new Closings();
    closings.note(step);
    closings.note(step);
    const replies: Record<string, string> = { "CLIENT TRACKINGINFO": UNKNOWN };
    await assertRejects(() => track(replies, DEFAULT, closings), Declined, "closes the connection");
  }
});

Deno.test("a probe uses the commands that Redis allows, and reports the others", async () => {
  const cases: [Record<string, string>, string[]][] = [
    [{ ROLE: DENIED }, ["CLIENT TRACKINGINFO", "INFO replication"]],
    [{ ROLE: DENIED, INFO: DENIED }, ["CLIENT TRACKINGINFO"]],
    // As Redis 6.0.
    [{ "CLIENT TRACKINGINFO": UNKNOWN }, ["CLIENT GETREDIR", "ROLE"]],
    [{ "CLIENT TRACKINGINFO": DENIED, ROLE: DENIED, INFO: DENIED }, ["CLIENT GETREDIR", "PING"]],
    [{ "CLIENT TRACKINGINFO": DENIED, "CLIENT GETREDIR": DENIED }, ["ROLE"]],
  ];
  for (const [replies, wanted] of cases) {
    using it = await track(replies);
    const before = it.redis.requests.length;
    await it.ask();
    assertEquals(it.redis.requests.slice(before), wanted);
    assertEquals(it.declined.length, Object.keys(replies).length);
  }
});
