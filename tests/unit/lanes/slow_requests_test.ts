/** A slow request of one client on a shared lane, and the requests of the others. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Later } from "../../../src/core/later.ts";
import { HANG_UP } from "../../../src/core/reply_stream.ts";
import { Failure } from "../../../src/core/types.ts";
import { Batch } from "../../../src/lanes/batch.ts";
import { MOST_LEFT } from "../../../src/lanes/left_connections.ts";
import { LongRequests } from "../../../src/lanes/long_requests.ts";
import { anybody, type Passed, type Sender } from "../../../src/lanes/passing.ts";
import { SharedLane } from "../../../src/lanes/shared_lane.ts";
import { StreamBudget } from "../../../src/lanes/stream_budget.ts";
import { Connection } from "../../../src/origin/wire/connection.ts";
import { request } from "../../support/client.ts";
import { FakeSocket, settled } from "../../support/fake_socket.ts";
import { HandClock } from "../../support/hand_clock.ts";
import { FakeCache, passable, specOf } from "../../support/lane_rig.ts";

const BUSY = new Failure("reply", "BUSY Redis is busy running a script.");
const SCRIPT = ["EVAL", "while true do end", "0"];
/** Longer than a connection may be silent. */
const LONG = 200;

/** A test at whose end a connection may still be giving others a turn (`turn()`). */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false });
}

/**
 * A lane whose connections are sockets that the test plays.
 *
 * @param openings What comes of each opening; sockets after the last one.
 */
async function rig(openings: (Failure | Promise<Failure | null>)[] = [], limit = Infinity) {
  const sockets: FakeSocket[] = [];
  const clock = new HandClock();
  const cache = new FakeCache();
  let opened = 0;
  const lane = new SharedLane({
    open: async () => {
      const failure = opened++ === 0 ? null : await openings.shift() ?? null;
      if (failure !== null) return failure;
      const socket = new FakeSocket();
      sockets.push(socket);
      return new Connection(socket);
    },
    clock,
    cache,
    budget: new StreamBudget(limit),
    long: new LongRequests(),
  });
  await lane.opened();
  return {
    lane,
    sockets,
    clock,
    cache,
    get opened() {
      return opened;
    },
    send: (sender: Sender, ...words: string[]) => lane.pass(passable(...words), 1, sender),
    /** The requests that a connection got, by their first words and keys. */
    sent: (index: number) =>
      [...sockets[index]!.written.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n(?:\$\d+\r\n(\S+))?/g)]
        .map(([, name, key]) => key === undefined ? name : `${name} ${key}`),
    [Symbol.dispose]: () => lane.close(),
  };
}

/** The result of a request as text. */
async function textOf(passing: Later<Passed>): Promise<string> {
  if (!passing.isKnown) await settled();
  const { value } = passing;
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
}

test("other clients continue over a new connection if nothing comes over the shared one", async () => {
  using it = await rig();
  const [a, b] = [anybody(), anybody()];
  const slow = it.send(a, ...SCRIPT);
  await it.clock.pass(LONG);
  assertEquals([it.opened, it.lane.connections.length], [1, 1]); // Nobody else needs one.
  const other = it.send(b, "SET", "k", "v");
  await settled();
  it.sockets[1]!.reply("+OK\r\n");
  assertEquals(await textOf(other), "+OK\r\n");
  // The slow client keeps its order.
  const next = it.send(a, "SET", "k", "w");
  await settled();
  assertEquals(it.sent(0), ["EVAL while", "SET k"]);
  it.sockets[0]!.reply("-ERR Script killed\r\n");
  await settled();
  const last = it.send(a, "GET", "k");
  await settled();
  assertEquals(it.sent(0).at(-1), "GET k");
  it.sockets[0]!.reply("+OK\r\n$1\r\nw\r\n");
  assertEquals(await textOf(slow), "-ERR Script killed\r\n");
  assertEquals([await textOf(next), await textOf(last)], ["+OK\r\n", "$1\r\nw\r\n"]);
  // It has no requests there any more, so it moves, and the connection ends.
  it.send(a, "SET", "after", "1");
  await it.clock.pass(LONG);
  assertEquals(it.sent(1), ["SET k", "SET after"]);
  assertEquals([it.sockets[0]!.isClosed, it.sockets[1]!.isClosed], [true, false]);
});

test("a lane has one timer for all its requests, and none without requests", async () => {
  using it = await rig();
  assertEquals(it.clock.timers, 0);
  for (let count = 0; count < 100; count++) it.send(anybody(), "GET", "k");
  await settled();
  assertEquals(it.clock.timers, 1);
  it.sockets[0]!.reply("$-1\r\n".repeat(100));
  await it.clock.pass(LONG);
  assertEquals([it.clock.timers, it.opened], [0, 1]);
});

test("a connection over which replies come is never left, however many requests wait", async () => {
  using it = await rig();
  for (let count = 0; count < 30; count++) {
    it.send(anybody(), "GET", "k");
    it.send(anybody(), "SET", "k", "v");
    await it.clock.pass(40);
    it.sockets[0]!.reply(count % 2 === 0 ? "$-1\r\n" : "+OK\r\n");
  }
  assertEquals(it.opened, 1);
});

test("a request that comes before the silence is noticed waits, unless it is a read", async () => {
  using it = await rig();
  const [a, b, c] = [anybody(), anybody(), anybody()];
  it.send(a, ...SCRIPT);
  const reads = [it.send(b, "GET", "1"), it.send(b, "HGETALL", "2")];
  const [first, write] = [it.send(c, "GET", "3"), it.send(c, "SET", "3", "v")];
  await it.clock.pass(LONG);
  assertEquals([it.opened, it.sent(1)], [2, ["GET 1", "HGETALL 2"]]);
  const later = it.send(b, "SET", "4", "v");
  await settled();
  it.sockets[1]!.reply("$1\r\n1\r\n*0\r\n+OK\r\n");
  const texts = await Promise.all([...reads, later].map(textOf));
  assertEquals(texts, ["$1\r\n1\r\n", "*0\r\n", "+OK\r\n"]);
  assertEquals([first.isKnown, write.isKnown], [false, false]);
  // The late replies to the same reads reach nobody.
  it.sockets[0]!.reply(":1\r\n$1\r\nx\r\n*1\r\n:1\r\n$1\r\n3\r\n+OK\r\n");
  assertEquals([await textOf(first), await textOf(write)], ["$1\r\n3\r\n", "+OK\r\n"]);
  assertEquals(await textOf(reads[0]!), "$1\r\n1\r\n");
  await it.clock.pass(LONG);
  assertEquals(it.lane.connections.length, 1);
});

test("a batch of reads is asked again elsewhere as a whole, if none of its replies has come", async () => {
  using it = await rig();
  const [a, b, c] = [anybody(), anybody(), anybody()];
  const batch = () => {
    const two = new Batch(passable("HGETALL", "1"));
    const words = { count: 2, string: (at: number) => ["HGETALL", "2"][at]! };
    two.add(specOf("hgetall", "readonly"), words, 9);
    return two.request(Buffer.from(request("HGETALL", "2")));
  };
  const begun = it.lane.pass(batch(), 2, a);
  it.send(b, ...SCRIPT);
  const moved = it.lane.pass(batch(), 2, c);
  await settled();
  it.sockets[0]!.reply("*0\r\n");
  await it.clock.pass(LONG);
  assertEquals(it.sent(1), ["HGETALL 1", "HGETALL 2"]);
  it.sockets[1]!.reply("*1\r\n+a\r\n*1\r\n+b\r\n");
  assertEquals(await textOf(moved), "*1\r\n+a\r\n*1\r\n+b\r\n");
  it.sockets[0]!.reply("*0\r\n:1\r\n*0\r\n*0\r\n");
  assertEquals(await textOf(begun), "*0\r\n*0\r\n");
});

test("a client keeps its order while the new connection opens", async () => {
  const opening = Promise.withResolvers<null>();
  using it = await rig([opening.promise]);
  const [a, b] = [anybody(), anybody()];
  it.send(a, ...SCRIPT);
  it.send(b, "GET", "1");
  await it.clock.pass(LONG);
  it.send(b, "SET", "2", "v");
  it.send(b, "GET", "3");
  opening.resolve(null);
  await settled();
  it.send(b, "GET", "4");
  await settled();
  assertEquals([it.sent(0), it.sent(1)], [["EVAL while", "GET 1"], [
    "GET 1",
    "SET 2",
    "GET 3",
    "GET 4",
  ]]);
});

test("a client keeps its order if its connection is lost while the new one opens", async () => {
  const opening = Promise.withResolvers<null>();
  using it = await rig([opening.promise]);
  const [a, b] = [anybody(), anybody()];
  const slow = it.send(a, ...SCRIPT);
  it.send(b, "GET", "1");
  await it.clock.pass(LONG);
  it.send(b, "SET", "2", "v");
  it.sockets[0]!.end();
  await settled();
  opening.resolve(null);
  await settled();
  assertEquals(slow.value, HANG_UP);
  assertEquals(it.sent(1), ["GET 1", "SET 2"]);
});

test("if replies come again before the new connection is open, the old one continues", async () => {
  const opening = Promise.withResolvers<null>();
  using it = await rig([opening.promise]);
  const [a, b] = [anybody(), anybody()];
  it.send(a, "SET", "slow", "v");
  it.send(b, "GET", "1");
  await it.clock.pass(LONG);
  const later = it.send(b, "SET", "2", "v");
  await settled();
  it.sockets[0]!.reply("+OK\r\n$-1\r\n");
  await settled();
  await it.clock.pass(60);
  assertEquals(it.sent(0), ["SET slow", "GET 1", "SET 2"]);
  it.sockets[0]!.reply("+OK\r\n");
  assertEquals(await textOf(later), "+OK\r\n");
  opening.resolve(null);
  await settled();
  assertEquals([it.sockets[1]!.isClosed, it.sockets[1]!.written], [true, ""]);
  assertEquals(it.lane.connections.length, 1);
});

test("if all of Redis is silent, requests wait, and one connection at a time tries to open", async () => {
  const silent = () => new Failure("timeout", "Redis does not answer");
  const opening = Promise.withResolvers<null>();
  using it = await rig([silent(), silent(), silent(), opening.promise]);
  it.send(anybody(), ...SCRIPT);
  await it.clock.pass(LONG);
  const others = Array.from({ length: 50 }, () => it.send(anybody(), "SET", "k", "v"));
  await it.clock.pass(10 * LONG);
  assertEquals([it.opened, it.sent(0)], [5, ["EVAL while"]]);
  assert(others.every(({ isKnown }) => !isKnown));
  it.sockets[0]!.reply(":1\r\n");
  await it.clock.pass(LONG);
  assertEquals(it.sent(0).length, 51);
  opening.resolve(null);
});

test("if Redis says BUSY to a new connection, the other clients get that, also for earlier reads", async () => {
  using it = await rig([BUSY, BUSY]);
  const [a, b] = [anybody(), anybody()];
  const slow = it.send(a, ...SCRIPT);
  const read = it.send(b, "GET", "1");
  await it.clock.pass(LONG);
  assertEquals(read.value, BUSY);
  const write = it.send(b, "SET", "1", "v");
  await settled();
  assertEquals(write.value, BUSY);
  it.sockets[0]!.reply(":1\r\n$-1\r\n");
  assertEquals(await textOf(slow), ":1\r\n");
  it.send(b, "SET", "1", "v");
  await settled();
  assertEquals([it.opened, it.sent(0)], [3, ["EVAL while", "GET 1", "SET 1"]]);
});

test("if there is no new connection for another reason, requests wait behind the slow one", async () => {
  const full = new Failure("unready", "ERR max number of clients reached");
  using it = await rig([full]);
  it.send(anybody(), ...SCRIPT);
  await it.clock.pass(LONG);
  const other = it.send(anybody(), "SET", "k", "v");
  await settled();
  it.sockets[0]!.reply(":1\r\n+OK\r\n");
  assertEquals(await textOf(other), "+OK\r\n");
  assertEquals(it.opened, 2);
});

for (const slow of [MOST_LEFT - 1, MOST_LEFT, MOST_LEFT + 1, MOST_LEFT + 4]) {
  test(`after ${slow} slow requests there are at most ${MOST_LEFT} left connections`, async () => {
    using it = await rig();
    for (let index = 0; index < slow; index++) {
      it.send(anybody(), "SET", `${index}`, "v");
      await it.clock.pass(LONG);
    }
    const read = it.send(anybody(), "GET", "k");
    await settled();
    const used = Math.min(slow, MOST_LEFT) + 1;
    assertEquals([it.lane.connections.length, it.sockets.length], [used, used]);
    assertEquals(it.sent(used - 1).at(-1), "GET k");
    if (slow > MOST_LEFT) {
      // It waits behind slow requests until one is answered, and there is room for one more.
      await it.clock.pass(2 * LONG);
      assertEquals(it.sockets.length, used);
      it.sockets[0]!.reply("+OK\r\n");
      await it.clock.pass(2 * LONG);
      assertEquals([it.lane.connections.length, it.sockets.length], [used, used + 1]);
      assertEquals(it.sent(used), ["GET k"]);
    }
    it.sockets.at(-1)!.reply("$-1\r\n");
    assertEquals(await textOf(read), "$-1\r\n");
  });
}

test("a script and a transaction in one piece are never sent twice", async () => {
  using it = await rig();
  const [a, b, c] = [anybody(), anybody(), anybody()];
  it.send(a, ...SCRIPT);
  it.send(b, "EVAL_RO", "return 1", "0");
  it.lane.pass(passable("MULTI"), 3, c);
  await it.clock.pass(LONG);
  const read = it.send(anybody(), "GET", "k");
  await settled();
  assertEquals(it.sent(1), ["GET k"]);
  it.sockets[1]!.reply("$-1\r\n");
  assertEquals(await textOf(read), "$-1\r\n");
});

test("the keys of a slow write are dropped when its reply comes, or is lost", async () => {
  for (const end of ["reply", "loss"]) {
    using it = await rig();
    const write = it.send(anybody(), "SET", "slow", "v");
    await it.clock.pass(LONG);
    it.send(anybody(), "SET", "fast", "v");
    await settled();
    it.sockets[1]!.reply("+OK\r\n");
    await settled();
    assertEquals(it.cache.log, ["fast"]);
    if (end === "reply") it.sockets[0]!.reply("+OK\r\n");
    else it.sockets[0]!.end();
    await settled();
    assertEquals([it.cache.log, write.isKnown], [["fast", "slow"], true]);
  }
});

test("move() and close() end the connections that were left, too", async () => {
  for (const end of ["move", "close"] as const) {
    using it = await rig();
    it.send(anybody(), ...SCRIPT);
    await it.clock.pass(LONG);
    it.send(anybody(), "GET", "k");
    await settled();
    it.lane[end]();
    await new Promise((resolve) => setTimeout(resolve, 150));
    assertEquals([it.sockets[0]!.isClosed, it.sockets[1]!.isClosed], [true, true]);
    assertEquals(it.sent(0).includes("PING"), end === "move");
  }
});

test("move() while a new connection opens leads to one connection to the new place", async () => {
  const opening = Promise.withResolvers<null>();
  using it = await rig([opening.promise]);
  const [a, b] = [anybody(), anybody()];
  it.send(a, ...SCRIPT);
  it.send(b, "GET", "1");
  await it.clock.pass(LONG);
  it.send(b, "SET", "2", "v");
  it.lane.move();
  it.send(b, "GET", "3");
  opening.resolve(null);
  await new Promise((resolve) => setTimeout(resolve, 150));
  assertEquals(it.sockets.map(({ isClosed }) => isClosed), [true, true, false]);
  assertEquals(it.sent(2), ["GET 1", "SET 2", "GET 3"]);
  assertEquals(it.lane.connections.length, 1);
});

test("a password reaches the left connections without waiting for them", async () => {
  using it = await rig();
  it.send(anybody(), ...SCRIPT);
  await it.clock.pass(LONG);
  it.send(anybody(), "GET", "k");
  await settled();
  const told = it.lane.tell("AUTH", "secret");
  await settled();
  assertEquals([it.sent(0).at(-1), it.sent(1).at(-1)], ["AUTH secret", "AUTH secret"]);
  it.sockets[1]!.reply("$-1\r\n+OK\r\n");
  await told;
});
