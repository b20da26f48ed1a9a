import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Buffer } from "node:buffer";
import { HANG_UP, ReplyStream } from "../../../src/core/reply_stream.ts";
import { Batch } from "../../../src/lanes/batch.ts";
import { LongRequests } from "../../../src/lanes/long_requests.ts";
import type { Passable } from "../../../src/lanes/passable.ts";
import type { Passed, Sender } from "../../../src/lanes/passing.ts";
import { SharedLane } from "../../../src/lanes/shared_lane.ts";
import { StreamBudget } from "../../../src/lanes/stream_budget.ts";
import { Connection } from "../../../src/origin/wire/connection.ts";
import { request } from "../../support/client.ts";
import { FakeSocket, settled } from "../../support/fake_socket.ts";
import { FakeCache, passable, specOf } from "../../support/lane_rig.ts";

/** A test at whose end a connection may still be giving others a turn (`turn()`). */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false });
}

const SPECS = { SET: specOf("set", "write"), HGETALL: specOf("hgetall", "readonly") };

type Words = readonly [name: keyof typeof SPECS, ...rest: string[]];

/** A batch of commands. */
function batchOf(first: Words, ...others: readonly Words[]): Passable {
  const batch = new Batch(passable(...first));
  for (const words of others) {
    const list = { count: words.length, string: (index: number) => words[index]! };
    assert(batch.add(SPECS[words[0]], list, request(...words).length));
  }
  return batch.request(Buffer.from(others.map((words) => request(...words)).join(""), "latin1"));
}

/** A lane, and what its client and its cache are told. */
function rig(limit = Infinity) {
  const sockets: FakeSocket[] = [];
  const cache = new FakeCache();
  const budget = new StreamBudget(limit);
  const long = new LongRequests();
  const lane = new SharedLane({
    open: () => {
      sockets.push(new FakeSocket());
      return Promise.resolve(new Connection(sockets.at(-1)!));
    },
    cache,
    budget,
    long,
  });
  const sender: Sender = {
    isCut: false,
    isCausal: false,
    onLong: () => cache.log.push("(long)"),
    onDone: () => cache.log.push("(done)"),
  };
  const pass = async (request: Passable, replies: number): Promise<Passed> => {
    const passing = lane.pass(request, replies, sender);
    await passing.known();
    return passing.value!;
  };
  return { lane, sockets, cache, budget, long, sender, pass, [Symbol.dispose]: () => lane.close() };
}

function textOf(passed: Passed): string {
  return passed instanceof Uint8Array ? Buffer.from(passed).toString("latin1") : String(passed);
}

async function textIn(stream: ReplyStream): Promise<string> {
  let text = "";
  for (let part = await stream.next(); part !== null; part = await stream.next()) {
    text += Buffer.from(part).toString("latin1");
  }
  return text;
}

test("a batch leaves unchanged, and its keys are dropped before its replies pass on", async () => {
  using it = rig();
  const commands = [["SET", "a", "1"], ["HGETALL", "h"], ["SET", "b", "2"]] as const;
  const passed = it.pass(batchOf(...commands), 3);
  await settled();
  assertEquals(it.sockets[0]!.written, commands.map((words) => request(...words)).join(""));
  it.sockets[0]!.reply("+OK\r\n*1\r\n$1\r\nx\r\n-OOM no memory\r\n");
  assertEquals(textOf(await passed), "+OK\r\n*1\r\n$1\r\nx\r\n-OOM no memory\r\n");
  assertEquals(it.cache.log, ["a", "b", "(done)"]);
});

test("the replies to a batch stay whole wherever the input is cut", async () => {
  const replies = "+OK\r\n*1\r\n$3\r\na\r\n\r\n:12\r\n";
  const others = "$2\r\nzz\r\n";
  const all = replies + others;
  for (let cut = 1; cut < all.length; cut++) {
    using it = rig();
    const passed = it.pass(batchOf(["SET", "a", "1"], ["HGETALL", "h"], ["SET", "b", "2"]), 3);
    const other = it.pass(passable("GET", "k"), 1);
    await settled();
    it.sockets[0]!.reply(all.slice(0, cut));
    await settled();
    it.sockets[0]!.reply(all.slice(cut));
    assertEquals([textOf(await passed), textOf(await other)], [replies, others]);
  }
});

test("a batch whose connection is lost passes on the replies that came, and disconnects its client", async () => {
  using it = rig();
  const passed = it.pass(batchOf(["SET", "a", "1"], ["SET", "b", "2"], ["SET", "c", "3"]), 3);
  await settled();
  it.sockets[0]!.reply("+OK\r\n+QUEUED\r\n+O");
  await settled();
  assertEquals(it.cache.log, []);
  it.sockets[0]!.end();
  const stream = await passed as ReplyStream;
  assertInstanceOf(stream, ReplyStream);
  assertEquals(await textIn(stream), "+OK\r\n+QUEUED\r\n");
  assert(stream.isCut);
  assert(it.sender.isCut);
  assertEquals(it.cache.log.slice(0, 3), ["a", "b", "c"]);
  assertEquals(it.cache.log.at(-1), "(done)");
  assertEquals(it.budget.bytes, 0);
  assertEquals(it.sockets.length, 1);
});

test("a batch with a write is not sent again, and its client is disconnected", async () => {
  for (const commands of [["HGETALL", "SET"], ["SET", "HGETALL"]] as const) {
    using it = rig();
    const passed = it.pass(batchOf([commands[0], "a", "1"], [commands[1], "a", "1"]), 2);
    await settled();
    it.sockets[0]!.end();
    assertEquals(await passed, HANG_UP);
    assertEquals(it.cache.log, ["a", "(done)"]);
    assertEquals(it.sockets.length, 1);
  }
});

test("a batch of reads is sent once more if none of its replies has come", async () => {
  using it = rig();
  const batch = () => batchOf(["HGETALL", "a"], ["HGETALL", "b"]);
  const passed = it.pass(batch(), 2);
  await settled();
  it.sockets[0]!.end();
  await settled();
  assertEquals(it.sockets[1]!.written, request("HGETALL", "a") + request("HGETALL", "b"));
  it.sockets[1]!.reply("*0\r\n*0\r\n");
  assertEquals(textOf(await passed), "*0\r\n*0\r\n");
  const halfway = it.pass(batch(), 2);
  await settled();
  it.sockets[1]!.reply("*0\r\n");
  await settled();
  it.sockets[1]!.end();
  assertEquals(await textIn(await halfway as ReplyStream), "*0\r\n");
  assertEquals(it.sockets.length, 2);
});

test("a client sees no reply of a long batch before the keys of its writes are dropped", async () => {
  using it = rig();
  const long = `$40000\r\n${"x".repeat(40_000)}\r\n`;
  const reads = Array.from({ length: 3 }, () => ["HGETALL", "h"] as const);
  const passed = it.pass(batchOf(["SET", "a", "1"], ...reads, ["SET", "b", "2"]), 5);
  await settled();
  it.sockets[0]!.reply(`+OK\r\n${long}`);
  await settled();
  assertEquals(it.cache.log, [], "little has come");
  it.sockets[0]!.reply(long);
  await settled();
  it.sockets[0]!.reply(long);
  const stream = await passed as ReplyStream;
  assertInstanceOf(stream, ReplyStream);
  // It is not long because of one reply, so the client stays on the lane.
  assertEquals(it.cache.log.slice(0, 2), ["a", "b"]);
  assert(!it.cache.log.includes("(long)"));
  assert(it.long.isEmpty);
  it.cache.log.length = 0;
  it.sockets[0]!.reply("+OK\r\n");
  await settled();
  assertEquals(it.cache.log, ["a", "b", "(done)"]);
  assertEquals(await textIn(stream), `+OK\r\n${long}${long}${long}+OK\r\n`);
  assert(!stream.isCut);
});

test("one long reply of a batch passes in parts behind those before it", async () => {
  using it = rig();
  const long = `$400000\r\n${"x".repeat(400_000)}\r\n`;
  const passed = it.pass(batchOf(["SET", "a", "1"], ["HGETALL", "h"], ["SET", "b", "2"]), 3);
  await settled();
  it.sockets[0]!.reply(`+OK\r\n${long}+OK\r\n`);
  const stream = await passed as ReplyStream;
  assertInstanceOf(stream, ReplyStream);
  assertEquals(it.cache.log.slice(0, 3), ["(long)", "a", "b"]);
  assertEquals(await textIn(stream), `+OK\r\n${long}+OK\r\n`);
  assert(it.long.isEmpty, "the long reply belongs to one command only");
});

test("a slow client with a long batch is cut off, so that others do not wait", async () => {
  using it = rig(100_000);
  const long = `$50000\r\n${"x".repeat(50_000)}\r\n`;
  const reads = Array.from({ length: 9 }, () => ["HGETALL", "h"] as const);
  const passed = it.pass(batchOf(["SET", "a", "1"], ...reads), 10);
  const other = it.pass(passable("GET", "k"), 1);
  await settled();
  it.sockets[0]!.reply(`+OK\r\n${long.repeat(9)}$1\r\nK\r\n`);
  const stream = await passed as ReplyStream;
  assertEquals(textOf(await other), "$1\r\nK\r\n");
  assert(stream.isCut);
  assertEquals(it.budget.bytes, 0);
});

Deno.test("commands join only if the cache knows at once what they changed", () => {
  const words = (...list: string[]) => ({ count: list.length, string: (at: number) => list[at]! });
  const begins = (...list: string[]) => Batch.mayBegin(passable(...list));
  assertEquals(begins("SET", "a", "1"), true);
  assertEquals(begins("HGETALL", "a"), true);
  assertEquals(begins("EVAL", "return 1", "0"), false);
  assertEquals(begins("FLUSHALL"), false);
  assertEquals(begins("MULTI"), false);
  const batch = new Batch(passable("SET", "a", "1"));
  assertEquals(batch.add(specOf("eval", "noscript", 0), words("EVAL", "x", "0"), 9), false);
  assertEquals(batch.add(specOf("flushall", "write", 0), words("FLUSHALL"), 9), false);
  assertEquals(batch.add(specOf("wait", "noscript", 0), words("WAIT", "0", "0"), 9), false);
  assertEquals(batch.count, 1);
});

Deno.test("a batch has at most 32 commands, and takes none after 16 KiB", () => {
  const batch = new Batch(passable("SET", "a", "x".repeat(1000)));
  const { length } = batch.first.bytes;
  assert(batch.hasRoom(16 * 1024 - length - 1));
  assert(!batch.hasRoom(16 * 1024 - length));
  const list = { count: 3, string: (at: number) => ["SET", "a", "1"][at]! };
  for (let count = 1; count < 32; count++) {
    assert(batch.hasRoom(0));
    assert(batch.add(SPECS.SET, list, 9));
  }
  assert(!batch.hasRoom(0));
});
