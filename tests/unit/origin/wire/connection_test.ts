import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { Connection, Lost } from "../../../../src/origin/wire/connection.ts";
import type { Receiver } from "../../../../src/origin/wire/expected.ts";
import { requestOf } from "../../../../src/origin/wire/outbox.ts";
import { settled } from "../../../support/fake_redis.ts";
import { MemoryConn } from "../../../support/memory_conn.ts";
import { bytesOf, randomReply } from "../../../support/resp3.ts";
import { random } from "../../../support/wire.ts";

/** A connection whose Redis is the test. */
function connect() {
  const redis = new MemoryConn();
  const connection = new Connection(redis);
  return { redis, connection, [Symbol.dispose]: () => connection.close("the test is over") };
}

const textOf = (bytes: Uint8Array, from: number, to: number) =>
  Buffer.from(bytes.subarray(from, to)).toString("latin1");

/** Takes whole replies, and notes what it is told. */
class Taker implements Receiver {
  readonly replies: string[] = [];
  isSent: boolean | undefined;

  reply(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    this.replies.push(textOf(bytes, from, to));
  }

  lost(isSent: boolean): void {
    this.isSent = isSent;
  }
}

/** Takes replies as they come, and says how many parts there were. */
class PartTaker extends Taker {
  parts = 0;
  #text = "";

  part(bytes: Uint8Array, from: number, to: number): void {
    this.parts++;
    this.#text += textOf(bytes, from, to);
  }

  override reply(bytes: Uint8Array, from: number, to: number): void {
    this.replies.push(this.#text + textOf(bytes, from, to));
    this.#text = "";
  }
}

/** Takes several replies at once, or one in parts, as text. */
class SeveralTaker implements Receiver {
  text = "";
  count = 0;

  reply(bytes: Uint8Array, from: number, to: number): void {
    this.several(bytes, from, [to], 1);
  }

  several(bytes: Uint8Array, from: number, ends: readonly number[], count: number): void {
    this.text += textOf(bytes, from, ends[count - 1]!);
    this.count += count;
  }

  part(bytes: Uint8Array, from: number, to: number): void {
    this.text += textOf(bytes, from, to);
  }

  lost(): void {}
}

Deno.test("requests of one turn leave in one write, and later requests in the next", async () => {
  using it = connect();
  const taker = new Taker();
  for (const key of ["a", "b"]) it.connection.send(requestOf("GET", key), 1, taker);
  queueMicrotask(() => it.connection.send(requestOf("GET", "c"), 1, taker));
  it.redis.hold();
  await settled();
  for (const key of ["d", "e"]) {
    it.connection.send(requestOf("GET", key), 1, taker);
    await settled();
  }
  it.redis.release();
  await settled();
  const get = (key: string) => `*2\r\n$3\r\nGET\r\n$1\r\n${key}\r\n`;
  assertEquals(it.redis.written, [get("a") + get("b"), get("c") + get("d") + get("e")]);
});

Deno.test("a request and its reply pass unchanged", async () => {
  using it = connect();
  const taker = new Taker();
  const text = "*2\r\n$3\r\ngEt\r\n$4\r\n\x00\xff\r\n\r\n";
  it.connection.send(bytesOf(text), 1, taker);
  await settled();
  assertEquals(it.redis.written, [text]);
  it.redis.send("|1\r\n+a\r\n:1\r\n$4\r\n\x00\xff\r\n\r\n");
  await settled();
  assertEquals(taker.replies, ["|1\r\n+a\r\n:1\r\n$4\r\n\x00\xff\r\n\r\n"]);
});

Deno.test("requests of all sizes leave unchanged, in order", async () => {
  using it = connect();
  const next = random(5);
  let wanted = "";
  for (let round = 0; round < 200; round++) {
    const words = Array.from({ length: 1 + next() * 3 }, () => "x".repeat(2 ** (next() * 18)));
    wanted += `*${words.length}\r\n${
      words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")
    }`;
    if (round % 2 === 0) {
      it.connection.send(requestOf(...words), 1, new Taker());
    } else {
      it.connection.out.bytes(bytesOf(`*${words.length}\r\n`));
      words.forEach((word) => it.connection.out.bulk(word));
      it.connection.expect(1, new Taker());
    }
    if (next() < 0.2) await settled();
  }
  await settled();
  assert(it.redis.written.join("") === wanted);
});

Deno.test("each reply goes to its receiver, and a push to none", async () => {
  using it = connect();
  const pushes: string[] = [];
  it.connection.onPush = (...push) => void pushes.push(textOf(...push));
  const [one, two] = [new Taker(), new Taker()];
  it.connection.send(requestOf("A"), 2, one);
  it.connection.send(requestOf("SUBSCRIBE"), 0, one);
  it.connection.send(requestOf("B"), 1, two);
  it.redis.send(">1\r\n:1\r\n:1\r\n>1\r\n:2\r\n:2\r\n:3\r\n>1\r\n:3\r\n");
  await settled();
  assertEquals([one.replies, two.replies], [[":1\r\n", ":2\r\n"], [":3\r\n"]]);
  assertEquals(pushes, [">1\r\n:1\r\n", ">1\r\n:2\r\n", ">1\r\n:3\r\n"]);
  assertEquals(it.connection.expected, 0);
});

Deno.test("random replies in random pieces come complete, each to its receiver", async () => {
  const next = random(6);
  for (let round = 0; round < 50; round++) {
    using it = connect();
    const samples = Array.from({ length: 200 }, () => randomReply(next));
    const takers = samples.map(() => next() < 0.5 ? new Taker() : new PartTaker());
    for (const taker of takers) it.connection.send(requestOf("X"), 1, taker);
    const text = samples.map(({ text }) => text).join("");
    for (let at = 0; at < text.length;) {
      const size = 1 + Math.floor(2 ** (next() * 14));
      it.redis.send(text.slice(at, at + size));
      at += size;
    }
    while (it.connection.expected > 0) await settled();
    assertEquals(takers.map(({ replies }) => replies), samples.map(({ text }) => [text]));
    assertEquals(it.connection.received, text.length);
  }
});

Deno.test("replies that come together to one receiver are passed on together, without the pushes between", async () => {
  const next = random(7);
  for (let round = 0; round < 50; round++) {
    using it = connect();
    let pushes = "";
    it.connection.onPush = (bytes, from, to) => void (pushes += textOf(bytes, from, to));
    const takers = Array.from({ length: 30 }, () => new SeveralTaker());
    const wanted: { text: string; count: number }[] = [];
    let text = "";
    let pushed = "";
    for (const taker of takers) {
      const samples = Array.from({ length: 1 + Math.floor(next() * 9) }, () => randomReply(next));
      it.connection.send(requestOf("X"), samples.length, taker);
      wanted.push({ text: samples.map((one) => one.text).join(""), count: samples.length });
      for (const one of samples) {
        const push = next() < 0.1
          ? `${next() < 0.5 ? "|1\r\n+a\r\n:1\r\n" : ""}>1\r\n:${pushed.length}\r\n`
          : "";
        pushed += push;
        text += push + one.text;
      }
    }
    for (let at = 0; at < text.length;) {
      const size = 1 + Math.floor(2 ** (next() * 14));
      it.redis.send(text.slice(at, at + size));
      at += size;
    }
    while (it.connection.expected > 0) await settled();
    assertEquals(takers.map(({ text, count }) => ({ text, count })), wanted);
    assertEquals(pushes, pushed);
  }
});

Deno.test("a receiver gets the complete replies before bytes that are not RESP", async () => {
  using it = connect();
  const taker = new SeveralTaker();
  it.connection.send(requestOf("X"), 3, taker);
  it.redis.send("+OK\r\n:1\r\n!garbage\r\n");
  await settled();
  assertEquals([taker.text, taker.count], ["+OK\r\n:1\r\n", 2]);
  assertMatch(it.connection.loss!, /does not speak/);
});

Deno.test("a long reply is collected, or comes in parts to a receiver that takes parts", async () => {
  using it = connect();
  const text = `$3000000\r\n${"0123456789".repeat(300_000)}\r\n`;
  const [whole, parts] = [new Taker(), new PartTaker()];
  it.connection.send(requestOf("A"), 1, whole);
  it.connection.send(requestOf("B"), 1, parts);
  it.redis.send(`${text}${text}+OK\r\n`);
  it.connection.send(requestOf("C"), 1, whole);
  while (whole.replies.length < 2) await settled();
  assert(whole.replies[0] === text && parts.replies[0] === text);
  assertEquals(whole.replies[1], "+OK\r\n");
  assert(parts.parts > 20, `${parts.parts} parts`);
});

Deno.test("a long push between parts of nothing is collected", async () => {
  using it = connect();
  let push = 0;
  it.connection.onPush = (_, from, to) => void (push = to - from);
  it.connection.send(requestOf("A"), 1, new PartTaker());
  it.redis.send(`>1\r\n$200000\r\n${"x".repeat(200_000)}\r\n`);
  while (push === 0) await settled();
  assertEquals(push, 200_000 + 15);
});

Deno.test("a receiver's promise holds back later replies, and reading", async () => {
  using it = connect();
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const receiver = (name: string, held?: Promise<void>): Receiver => ({
    reply: () => (order.push(name), held),
    lost: () => {},
  });
  it.connection.send(requestOf("A"), 1, receiver("a", gate.promise));
  it.connection.send(requestOf("B"), 1, receiver("b"));
  it.connection.send(requestOf("C"), 1, receiver("c"));
  it.redis.send(":1\r\n:2\r\n");
  await settled();
  it.redis.send(":3\r\n");
  await settled();
  assertEquals([order, it.redis.unread], [["a"], 1]);
  gate.resolve();
  await settled();
  assertEquals(order, ["a", "b", "c"]);
});

Deno.test("drained() resolves once all is written, or the connection has ended", async () => {
  using it = connect();
  await it.connection.drained();
  it.redis.hold();
  it.connection.send(requestOf("A"), 1, new Taker());
  let isDrained = false;
  const drained = it.connection.drained().then(() => isDrained = true);
  await settled();
  it.connection.send(requestOf("B"), 1, new Taker());
  await settled();
  assert(!isDrained);
  it.redis.release();
  await drained;
  it.redis.hold();
  it.connection.send(requestOf("C"), 1, new Taker());
  await settled();
  const late = it.connection.drained();
  it.connection.close("enough");
  await late;
  await it.connection.drained();
});

Deno.test("if Redis closes the connection, its owner knows before the receivers", async () => {
  using it = connect();
  const order: string[] = [];
  const receiver = (name: string): Receiver => ({
    reply: () => {},
    lost: (isSent) => order.push(`${name} ${isSent ? "sent" : "unsent"}`),
  });
  it.connection.onEnd = (why) => order.push(why);
  it.connection.send(requestOf("A"), 2, receiver("a"));
  await settled();
  it.redis.send(":1\r\n");
  it.redis.hold();
  it.connection.send(requestOf("B"), 1, receiver("b"));
  await settled();
  it.connection.send(requestOf("C"), 1, receiver("c"));
  it.redis.end();
  await settled();
  assertEquals(order, ["Redis closed the connection", "a sent", "b sent", "c unsent"]);
  it.connection.send(requestOf("D"), 1, receiver("d"));
  await settled();
  assertEquals(order.at(-1), "d unsent");
  await assertRejects(() => it.connection.call("E"), Lost, "Redis closed the connection");
  assertEquals([it.redis.isClosed, it.connection.expected], [true, 0]);
});

Deno.test("bytes that are not RESP end the connection, with the reason", async () => {
  const cases = [
    ["HTTP/1.1 400\r\n", /^what answers does not speak Redis's protocol: .* 72$/, false],
    [`${"*1\r\n".repeat(100)}:1\r\n`, /too deep/, false],
    [":1\r\n:2\r\n", /nobody asked for/, true],
  ] as const;
  for (const [sent, why, isAnswered] of cases) {
    using it = connect();
    const call = it.connection.call("A");
    it.redis.send(sent);
    if (isAnswered) assertEquals(await call, 1);
    else assertMatch((await assertRejects(() => call, Lost)).message, why);
    await settled();
    assertMatch(it.connection.loss ?? "open", why);
  }
});

Deno.test("an error without a request ends the connection, and is the reason", async () => {
  using it = connect();
  it.redis.send("-ERR max number of clients reached\r\n");
  await settled();
  const why = "ERR max number of clients reached";
  assertEquals([it.connection.loss, it.connection.unasked], [why, why]);
});

Deno.test("a read or write that fails ends the connection", async () => {
  for (const fail of [(redis: MemoryConn) => redis.break(new Error("reset")), null]) {
    using it = connect();
    const taker = new Taker();
    it.connection.send(requestOf("A"), 1, taker);
    if (fail === null) it.redis.write = () => Promise.reject(new Error("reset"));
    else fail(it.redis);
    while (it.connection.loss === null) await settled();
    assertEquals([it.connection.loss, taker.isSent], ["reset", true]);
  }
});

Deno.test("an error of Redis before the close is the reason, not the failed write", async () => {
  using it = connect();
  const call = it.connection.call("A");
  it.redis.write = () => Promise.reject(new Error("broken pipe"));
  await settled();
  it.redis.send("-ERR max number of clients reached\r\n");
  await assertRejects(() => call, Error, "ERR max number of clients reached");
});

Deno.test("a receiver that throws ends the connection, and no other connection", async () => {
  using it = connect();
  const taker = new Taker();
  const thrower: Receiver = {
    reply: () => {
      throw new Error("a fault of ours");
    },
    lost: () => {},
  };
  it.connection.send(requestOf("A"), 1, thrower);
  it.connection.send(requestOf("B"), 1, taker);
  it.redis.send(":1\r\n:2\r\n");
  await settled();
  assertEquals([it.connection.loss, taker.replies, taker.isSent], ["a fault of ours", [], true]);
});

Deno.test("nothing is passed on after close(), not even received replies", async () => {
  using it = connect();
  const taker = new Taker();
  const closer: Receiver = { reply: () => it.connection.close("enough"), lost: () => {} };
  it.connection.send(requestOf("A"), 1, closer);
  it.connection.send(requestOf("B"), 1, taker);
  it.redis.send(":1\r\n:2\r\n");
  await settled();
  assertEquals([taker.replies, taker.isSent, it.connection.loss], [[], true, "enough"]);
});

Deno.test("an idle connection holds little memory, also after large replies", async () => {
  using it = connect();
  const sizes: number[] = [];
  const read = it.redis.read.bind(it.redis);
  it.redis.read = (bytes) => (sizes.push(bytes.length), read(bytes));
  await settled();
  const taker = new Taker();
  it.connection.send(requestOf("A"), 1, taker);
  it.redis.send(`$1000000\r\n${"x".repeat(1_000_000)}\r\n`);
  while (taker.replies.length === 0) await settled();
  await settled();
  assert(Math.max(...sizes) >= 500_000 && sizes.at(-1)! <= 65536, sizes.join());
});

Deno.test("a connection that was trimmed holds as little memory as a new one, after its next reply", async () => {
  using it = connect();
  const sizes: number[] = [];
  const read = it.redis.read.bind(it.redis);
  it.redis.read = (bytes) => (sizes.push(bytes.length), read(bytes));
  await settled();
  const say = async (length: number) => {
    const taker = new Taker();
    it.connection.send(requestOf("A"), 1, taker);
    it.redis.send(`$${length}\r\n${"x".repeat(length)}\r\n`);
    while (taker.replies.length === 0) await settled();
    await settled();
  };
  await say(30_000);
  await say(1);
  assertEquals(sizes.at(-1), 4096);
  it.connection.trim();
  await say(1);
  assertEquals(sizes.at(-1), 256);
  await say(30_000);
  await say(1);
  assertEquals(sizes.at(-1), 4096);
});

Deno.test("a known reply is passed on as any other, in pieces of all sizes, beside others and pushes", async () => {
  const known = `*3\r\n:1\r\n$5\r\nknown\r\n*1\r\n+${"x".repeat(300)}\r\n`;
  const almost = [
    known.replace("$5\r\nknown", "$5\r\nother"),
    known.replace("x\r\n", "y\r\n"),
    "*0\r\n",
  ];
  const replies = [
    known,
    almost[0]!,
    known,
    known,
    "$3\r\n*3\r\r\n",
    almost[1]!,
    "*-1\r\n",
    known,
    almost[2]!,
  ];
  const push = ">2\r\n+push\r\n+of redis\r\n";
  for (const size of [13, 256, ...[-1, 0, 1].map((more) => known.length + more), 10_000]) {
    using it = connect();
    const taker = new Taker();
    const pushes: string[] = [];
    it.connection.known = bytesOf(known);
    it.connection.onPush = (bytes, from, to) => void pushes.push(textOf(bytes, from, to));
    for (const _ of replies) it.connection.send(requestOf("PING"), 1, taker);
    await settled();
    const text = replies.map((reply) => push + reply).join("");
    for (let at = 0; at < text.length; at += size) {
      it.redis.send(text.slice(at, at + size));
      await settled();
    }
    while (it.connection.expected > 0) await settled();
    assertEquals([taker.replies, pushes], [replies, replies.map(() => push)]);
  }
});

Deno.test("a known reply inside a reply that comes in parts does not end it", async () => {
  using it = connect();
  const known = "*2\r\n:1\r\n:2\r\n";
  const long = `$200000\r\n${known.repeat(20_000).slice(0, 200_000)}\r\n`;
  const taker = new PartTaker();
  it.connection.known = bytesOf(known);
  for (let sent = 0; sent < 2; sent++) it.connection.send(requestOf("GET", "k"), 1, taker);
  await settled();
  it.redis.send(long + known);
  for (let turn = 0; taker.replies.length < 2 && turn < 1000; turn++) await settled();
  assert(taker.parts > 0);
  assertEquals(taker.replies, [long, known]);
});
