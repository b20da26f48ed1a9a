import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Buffer } from "node:buffer";
import { HANG_UP, ReplyStream } from "../../../src/core/reply_stream.ts";
import { Failure } from "../../../src/core/types.ts";
import type { Passable } from "../../../src/lanes/passable.ts";
import { type Passed, type Sender } from "../../../src/lanes/passing.ts";
import { SharedLane } from "../../../src/lanes/shared_lane.ts";
import { LongRequests } from "../../../src/lanes/long_requests.ts";
import { StreamBudget } from "../../../src/lanes/stream_budget.ts";
import { Connection } from "../../../src/origin/wire/connection.ts";
import { request } from "../../support/client.ts";
import { FakeSocket, settled } from "../../support/fake_socket.ts";
import { HandClock } from "../../support/hand_clock.ts";
import { changed, FakeCache, passable } from "../../support/lane_rig.ts";

/** A test at whose end a connection may still be giving others a turn (`turn()`). */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false });
}

/** A lane whose connections are sockets that the test plays. */
function rig(failures: (Failure | null)[] = [], limit = Infinity) {
  const sockets: FakeSocket[] = [];
  const cache = new FakeCache();
  const budget = new StreamBudget(limit);
  const clock = new HandClock();
  const lane = new SharedLane({
    clock,
    open: () => {
      const failure = failures.shift() ?? null;
      if (failure !== null) return Promise.resolve(failure);
      const socket = new FakeSocket();
      sockets.push(socket);
      return Promise.resolve(new Connection(socket));
    },
    cache,
    budget,
    long: new LongRequests(),
  });
  return { lane, sockets, cache, clock, held: () => budget.bytes };
}

/** The result of a request, once it is known. */
async function pass(lane: SharedLane, request: Passable, replies?: number): Promise<Passed> {
  const passing = lane.pass(request, replies);
  await passing.known();
  return passing.value!;
}

/** A client that records the calls. */
function aSender(log: string[] = []): Sender {
  return {
    isCut: false,
    isCausal: false,
    onLong: () => log.push("(long)"),
    onDone: () => log.push("(done)"),
  };
}

/** A result as text. */
function textOf(passed: Passed): string {
  return passed instanceof Uint8Array ? Buffer.from(passed).toString("latin1") : String(passed);
}

test("SharedLane sends the requests of one turn in one write, and replies come in order", async () => {
  const { lane, sockets } = rig();
  const replies = ["a", "b", "c"].map((key) => pass(lane, passable("GET", key)));
  await settled();
  assertEquals(sockets.length, 1);
  assertEquals(sockets[0]!.written, ["a", "b", "c"].map((key) => request("GET", key)).join(""));
  sockets[0]!.reply("$1\r\nA\r\n$-1\r\n-ERR no\r\n");
  assertEquals((await Promise.all(replies)).map(textOf), ["$1\r\nA\r\n", "$-1\r\n", "-ERR no\r\n"]);
  lane.close();
});

test("SharedLane drops a written key before it passes the reply, even if that is an error", async () => {
  for (const reply of ["+OK\r\n", "-OOM no memory\r\n"]) {
    const { lane, sockets, cache } = rig();
    const passed = pass(lane, passable("SET", "k", "v")).then((one) => cache.log.push(textOf(one)));
    await settled();
    assertEquals(cache.log, []);
    sockets[0]!.reply(reply);
    await passed;
    assertEquals(cache.log, ["k", reply]);
    lane.close();
  }
});

test("SharedLane holds the reply to a script until all its changes are known", async () => {
  const { lane, sockets, cache } = rig();
  const fence = Promise.withResolvers<boolean>();
  cache.fenced = fence.promise;
  const passed = pass(lane, passable("EVAL", "return 1", "0")).then(() => cache.log.push("reply"));
  const other = pass(lane, passable("GET", "k"));
  await settled();
  sockets[0]!.reply(":1\r\n$-1\r\n");
  assertEquals(textOf(await other), "$-1\r\n");
  assertEquals(cache.log, ["(fence)"]);
  fence.resolve(false);
  await passed;
  assertEquals(cache.log, ["(fence)", "(flush)", "reply"]);
  lane.close();
});

test("SharedLane drops everything after FLUSHALL", async () => {
  const { lane, sockets, cache } = rig();
  const passed = pass(lane, passable("FLUSHALL"));
  await settled();
  sockets[0]!.reply("+OK\r\n");
  await passed;
  assertEquals(cache.log, ["(flush)"]);
  lane.close();
});

test("SharedLane repeats a read once if its connection is lost", async () => {
  const { lane, sockets } = rig();
  const passed = pass(lane, passable("HGETALL", "h"));
  await settled();
  sockets[0]!.end();
  await settled();
  assertEquals(sockets[1]!.written, request("HGETALL", "h"));
  sockets[1]!.end();
  assertEquals(await passed, HANG_UP);
  assertEquals(sockets.length, 2);
  lane.close();
});

test("SharedLane never repeats a write that may have been executed, and disconnects the client", async () => {
  const { lane, sockets, cache } = rig();
  const passed = pass(lane, passable("INCR", "n"));
  await settled();
  sockets[0]!.end();
  assertEquals(await passed, HANG_UP);
  assertEquals(sockets.length, 1);
  assertEquals(cache.log, ["n"]);
  lane.close();
});

test("SharedLane opens a new connection for requests after a loss", async () => {
  const { lane, sockets } = rig();
  const first = pass(lane, passable("GET", "a"));
  await settled();
  sockets[0]!.reply("$-1\r\n");
  await first;
  sockets[0]!.end();
  await settled();
  const second = pass(lane, passable("SET", "a", "1"));
  await settled();
  sockets[1]!.reply("+OK\r\n");
  assertEquals(textOf(await second), "+OK\r\n");
  lane.close();
});

test("SharedLane says why there is no connection, and tries again for the next request", async () => {
  const away = new Failure("away", "Redis is away: refused");
  const { lane, sockets } = rig([away]);
  assertEquals(await pass(lane, passable("SET", "a", "1")), away);
  const passed = pass(lane, passable("SET", "a", "1"));
  await settled();
  sockets[0]!.reply("+OK\r\n");
  assertEquals(textOf(await passed), "+OK\r\n");
  lane.close();
});

test("SharedLane joins the replies of a transaction in one piece", async () => {
  const { lane, sockets } = rig();
  const passed = pass(lane, passable("MULTI"), 3);
  await settled();
  sockets[0]!.reply("+OK\r\n+QUEUED\r\n");
  await settled();
  sockets[0]!.reply("*1\r\n:1\r\n");
  assertEquals(textOf(await passed), "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
  lane.close();
});

test("SharedLane passes a long reply in parts, and continues to read for the others", async () => {
  const { lane, sockets, held } = rig();
  const long = pass(lane, passable("LRANGE", "l"));
  const other = pass(lane, passable("GET", "k"));
  await settled();
  const reply = `*2\r\n$400000\r\n${"x".repeat(400_000)}\r\n$1\r\ny\r\n`;
  sockets[0]!.reply(`${reply}$1\r\nK\r\n`);
  const stream = await long as ReplyStream;
  assertInstanceOf(stream, ReplyStream);
  // The client has read nothing yet, but another client has its reply.
  assertEquals(textOf(await other), "$1\r\nK\r\n");
  assert(held() >= 400_000);
  let text = "";
  for (let part = await stream.next(); part !== null; part = await stream.next()) {
    text += Buffer.from(part).toString("latin1");
  }
  assertEquals(text, reply);
  assertEquals(held(), 0);
  lane.close();
});

test("SharedLane keeps replies whole that the memory of a read cuts in two", async () => {
  const { lane, sockets } = rig();
  const log: string[] = [];
  for (let length = 1000; length < 60_000; length += 700) {
    const passings = Array.from(
      { length: 5 },
      () => lane.pass(passable("GET", "k"), 1, aSender(log)),
    );
    await settled();
    sockets[0]!.reply(`$${length}\r\n${"x".repeat(length)}\r\n`.repeat(passings.length));
    for (const passing of passings) {
      await passing.known();
      assert(passing.value instanceof Uint8Array, `${length}`);
    }
  }
  assert(!log.includes("(long)"));
  lane.close();
});

test("SharedLane cuts off a long reply whose connection is lost", async () => {
  const { lane, sockets } = rig();
  const passed = pass(lane, passable("LRANGE", "l"));
  await settled();
  sockets[0]!.reply(`$400000\r\n${"x".repeat(200_000)}`);
  const stream = await passed as ReplyStream;
  sockets[0]!.end();
  while (await stream.next() !== null) { /* Take what there is. */ }
  assert(stream.isCut);
  assertEquals(sockets.length, 1);
  lane.close();
});

test("SharedLane leaves its connection to a long reply that nobody reads, and serves the others", async () => {
  const { lane, sockets, held, clock } = rig([], 100_000);
  const long = pass(lane, passable("LRANGE", "l"));
  await settled();
  const reply = `$1000000\r\n${"x".repeat(1_000_000)}\r\n`;
  sockets[0]!.reply(reply);
  const stream = await long as ReplyStream;
  while (held() <= 100_000) await settled();
  assert(held() < 300_000, `${held()} bytes`);
  const other = pass(lane, passable("GET", "k"));
  while (sockets.length < 2) await settled();
  await settled();
  sockets[1]!.reply("$-1\r\n");
  assertEquals(textOf(await other), "$-1\r\n");
  // Once the client has taken the reply, the connection ends.
  let length = 0;
  for (let part = await stream.next(); part !== null; part = await stream.next()) {
    length += part.length;
  }
  assertEquals(length, reply.length);
  await clock.pass(100);
  assertEquals([sockets[0]!.isClosed, sockets[1]!.isClosed], [true, false]);
  lane.close();
});

test("SharedLane rewrites a reply of any length", async () => {
  for (const length of [3, 500_000]) {
    const { lane, sockets } = rig();
    const passed = pass(lane, changed((text) => `+${text.length}\r\n`, "GET", "k"));
    await settled();
    const long = `$${length}\r\n${"x".repeat(length)}\r\n`;
    sockets[0]!.reply(long);
    assertEquals(textOf(await passed), `+${long.length}\r\n`);
    lane.close();
  }
});

test("SharedLane keeps a client busy until a long reply is complete, so that nothing comes from the cache meanwhile", async () => {
  const { lane, sockets, cache } = rig();
  const sender = aSender(cache.log);
  const passing = lane.pass(passable("EVAL", "return x", "0"), 1, sender);
  await settled();
  sockets[0]!.reply(`$400000\r\n${"x".repeat(200_000)}`);
  await passing.known();
  assertEquals(cache.log, ["(long)"]);
  sockets[0]!.reply(`${"x".repeat(200_000)}\r\n`);
  while (cache.log.length < 3) await settled();
  assertEquals(cache.log, ["(long)", "(fence)", "(done)"]);
  lane.close();
});

test("SharedLane sends nothing after a lost write of the same client, as Redis would do nothing", async () => {
  const { lane, sockets } = rig();
  const [one, other] = [aSender(), aSender()];
  lane.pass(passable("GET", "k"));
  await settled();
  sockets[0]!.reply("$-1\r\n");
  sockets[0]!.isStuck = true;
  const lost = lane.pass(passable("SET", "a", "1"), 1, one);
  await settled();
  // The write above never ends, so these are not written.
  const unsent = lane.pass(passable("SET", "b", "1"), 1, one);
  const foreign = lane.pass(passable("SET", "c", "1"), 1, other);
  sockets[0]!.end();
  for (const passing of [lost, unsent]) {
    await passing.known();
    assertEquals(passing.value, HANG_UP);
  }
  const late = lane.pass(passable("SET", "d", "1"), 1, one);
  assertEquals(late.value, HANG_UP);
  await settled();
  assertEquals(sockets[1]!.written, request("SET", "c", "1"));
  sockets[1]!.reply("+OK\r\n");
  await foreign.known();
  assertEquals(textOf(foreign.value!), "+OK\r\n");
  lane.close();
});

test("SharedLane sends requests in order, including those that come while the connection opens", async () => {
  const { lane, sockets } = rig();
  const sender = aSender();
  const passings = [lane.pass(passable("SET", "a", "1"), 1, sender)];
  // Sends one more at each step of the opening.
  for (let index = 0; index < 12; index++) {
    passings.push(lane.pass(passable("INCR", `${index}`), 1, sender));
    await undefined;
  }
  await settled();
  const sent = [
    request("SET", "a", "1"),
    ...Array.from({ length: 12 }, (_, index) => request("INCR", `${index}`)),
  ];
  assertEquals(sockets[0]!.written, sent.join(""));
  lane.close();
});

test("SharedLane cuts a client off that does not take a long reply while others wait behind it", async () => {
  const { lane, sockets, held } = rig([], 100_000);
  const long = pass(lane, passable("LRANGE", "l"));
  const behind = pass(lane, passable("SET", "k", "v"));
  await settled();
  sockets[0]!.reply(`$1000000\r\n${"x".repeat(1_000_000)}\r\n+OK\r\n`);
  assertEquals(textOf(await behind), "+OK\r\n");
  assert((await long as ReplyStream).isCut);
  assertEquals(held(), 0);
  // Next time, the same request takes another lane.
  assert(lane.options.long.has(passable("LRANGE", "l").bytes));
  assert(!lane.options.long.has(passable("LRANGE", "m").bytes));
  assertEquals(sockets.length, 1);
  lane.close();
});

test("SharedLane holds every reply to a causal client until all earlier changes are known", async () => {
  const { lane, sockets, cache } = rig();
  const sender = { ...aSender(cache.log), isCausal: true };
  const fence = Promise.withResolvers<boolean>();
  cache.fenced = fence.promise;
  const passing = lane.pass(passable("LRANGE", "l"), 1, sender);
  await settled();
  sockets[0]!.reply("*0\r\n");
  await settled();
  assertEquals(cache.log, ["(fence)"]);
  assert(!passing.isKnown);
  fence.resolve(true);
  await passing.known();
  assertEquals(cache.log, ["(fence)", "(done)"]);
  lane.close();
});

test("SharedLane.move() waits for what was sent before, then sends the rest to the new place", async () => {
  const { lane, sockets } = rig();
  const before = pass(lane, passable("SET", "a", "1"));
  await settled();
  lane.move();
  const after = pass(lane, passable("GET", "b"));
  await settled();
  assertEquals(sockets.length, 1);
  assertEquals(sockets[0]!.written, request("SET", "a", "1") + request("PING"));
  sockets[0]!.reply("+OK\r\n+PONG\r\n");
  assertEquals(textOf(await before), "+OK\r\n");
  await settled();
  assertEquals([sockets.length, sockets[0]!.isClosed], [2, true]);
  assertEquals(sockets[1]!.written, request("GET", "b"));
  sockets[1]!.reply("$1\r\nB\r\n");
  assertEquals(textOf(await after), "$1\r\nB\r\n");
  lane.close();
});

test("SharedLane.move() repeats a read that the old place does not answer, before later requests", async () => {
  const { lane, sockets } = rig();
  const read = pass(lane, passable("GET", "a"));
  const write = lane.pass(passable("SET", "b", "1"), 1, aSender());
  await settled();
  lane.move();
  const later = pass(lane, passable("GET", "c"));
  await write.known();
  assertEquals(write.value, HANG_UP); // Nobody knows whether it was executed.
  await settled();
  assertEquals(sockets[1]!.written, request("GET", "a") + request("GET", "c"));
  sockets[1]!.reply("$1\r\nA\r\n$1\r\nC\r\n");
  assertEquals([textOf(await read), textOf(await later)], ["$1\r\nA\r\n", "$1\r\nC\r\n"]);
  lane.close();
});

test("SharedLane.move() while it connects gives up the connection to the old place", async () => {
  const sockets: FakeSocket[] = [];
  const opened: PromiseWithResolvers<Connection>[] = [];
  const lane = new SharedLane({
    open: () => {
      const connection = Promise.withResolvers<Connection>();
      opened.push(connection);
      return connection.promise;
    },
    cache: new FakeCache(),
    budget: new StreamBudget(Infinity),
    long: new LongRequests(),
  });
  const connect = (index: number) => {
    const socket = new FakeSocket();
    sockets.push(socket);
    opened[index]!.resolve(new Connection(socket));
  };
  const passed = pass(lane, passable("GET", "a"));
  lane.move();
  connect(0);
  await settled();
  assertEquals([sockets[0]!.isClosed, sockets[0]!.written, opened.length], [true, "", 2]);
  connect(1);
  await settled();
  sockets[1]!.reply("$1\r\nA\r\n");
  assertEquals(textOf(await passed), "$1\r\nA\r\n");
  lane.close();
});
