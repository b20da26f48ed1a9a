/** How keys are read: what is asked, and what is made of each reply. */
import { assertEquals, assertMatch } from "@std/assert";
import { Reader } from "../../../src/origin/reader.ts";
import { LARGE, type Read, type ReadListener, UNSURE } from "../../../src/origin/reading.ts";
import { Failure, Found } from "../../../src/core/types.ts";
import { bulk, connectTo, settled } from "../../support/fake_redis.ts";
import { ALL_BYTES } from "../../support/wire.ts";

/** What came of reads, values as text. */
class Notes implements ReadListener {
  readonly found_: unknown[] = [];
  broken: { at: number; why: string } | null = null;

  found(index: number, read: Read): void {
    assertEquals(index, this.found_.length);
    this.found_.push(read instanceof Found ? [textOf(read.value), read.timeToLive] : read);
  }

  lost(at: number, error: Error): void {
    assertEquals(this.broken, null, "told twice");
    this.broken = { at, why: error.message };
  }
}

const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Replies to PTTL and GETRANGE, and what is found. */
const REPLIES: readonly [time: string, value: string, found: unknown][] = [
  [":-1\r\n", bulk("value"), ["value", Infinity]],
  [":5000\r\n", bulk("value"), ["value", 5000]],
  [":0\r\n", bulk(ALL_BYTES), [ALL_BYTES, 0]],
  [":-2\r\n", bulk(""), null],
  [":-1\r\n", bulk(""), UNSURE],
  [":5000\r\n", bulk(""), UNSURE],
  [":-1\r\n", "$-1\r\n", null],
  [":-1\r\n", "_\r\n", null],
  // It was made between the two: its end is not known.
  [":-2\r\n", bulk("value"), ["value", 0]],
  ["-NOPERM no\r\n", bulk("value"), ["value", 0]],
  [":-1\r\n", "-WRONGTYPE wrong\r\n", new Failure("reply", "WRONGTYPE wrong")],
  [":-1\r\n", bulk("x".repeat(1000)), ["x".repeat(1000), Infinity]],
  [":-1\r\n", bulk("x".repeat(1001)), LARGE],
];

Deno.test("Reader.read() sends PTTL and then GETRANGE for each key, in one write", async () => {
  using it = connectTo(() => "");
  new Reader(it.connection, "bounded", true).read(["a", ALL_BYTES], 1000, new Notes());
  await settled();
  assertEquals(it.redis.requests, [
    ...["PTTL a", "GETRANGE a 0 1000", `PTTL ${ALL_BYTES}`, `GETRANGE ${ALL_BYTES} 0 1000`],
  ]);
  assertEquals(it.redis.written.length, 1);
});

Deno.test("Reader.read() reports the result of each key, wherever the replies are cut", async () => {
  const text = REPLIES.map(([time, value]) => time + value).join("");
  const wanted = REPLIES.map(([, , found]) => found);
  const cuts = [...Array(400).keys(), ...Array.from({ length: 200 }, (_, at) => 400 + 11 * at)];
  for (const cut of cuts) {
    using it = connectTo(() => "");
    const notes = new Notes();
    new Reader(it.connection, "bounded", true).read(REPLIES.map(() => "key"), 1000, notes);
    await settled();
    it.redis.send(text.slice(0, cut));
    it.redis.send(text.slice(cut));
    while (it.connection.expected > 0) await settled();
    assertEquals(notes.found_, wanted);
  }
});

Deno.test("Reader.read() works without GETRANGE, and without PTTL", async () => {
  const cases = [
    ["timed", ["PTTL a", "GET a"], ":-2\r\n$-1\r\n", null],
    ["timed", ["PTTL a", "GET a"], `:7\r\n${bulk("")}`, ["", 7]],
    ["timed", ["PTTL a", "GET a"], `:7\r\n${bulk("x".repeat(9000))}`, ["x".repeat(9000), 7]],
    ["plain", ["GET a"], "$-1\r\n", null],
    ["plain", ["GET a"], bulk(""), ["", Infinity]],
  ] as const;
  for (const [method, requests, reply, found] of cases) {
    using it = connectTo(() => "");
    const notes = new Notes();
    new Reader(it.connection, method, true).read(["a"], 1000, notes);
    it.redis.send(reply);
    while (it.connection.expected > 0) await settled();
    assertEquals<unknown>([it.redis.requests, notes.found_], [requests, [found]]);
  }
});

Deno.test("Reader.read() reads no time to live if it is not needed", async () => {
  using it = connectTo(([command]) => command === "PTTL" ? ":5000\r\n" : bulk("value"));
  const notes = new Notes();
  new Reader(it.connection, "bounded", false).read(["a"], 1000, notes);
  await settled();
  assertEquals(notes.found_, [["value", Infinity]]);
});

Deno.test("a reply of a wrong type ends the connection, and is reported once with its key", async () => {
  const wrong = ["+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n$1\r\na\r\n", "%0\r\n", "~0\r\n", "#t\r\n"]
    .concat(",1.5\r\n", "(1\r\n", "=5\r\ntxt:a\r\n", "!3\r\nERR\r\n");
  for (const [time, value] of wrong.map((reply) => [":-1\r\n", reply]).concat([["+OK\r\n", ""]])) {
    using it = connectTo(() => "");
    const [notes, others] = [new Notes(), new Notes()];
    const reader = new Reader(it.connection, "bounded", true);
    reader.read(["a", "b", "c"], 1000, notes);
    reader.read(["d"], 1000, others);
    it.redis.send(`:-1\r\n${bulk("value")}${time}${value}`);
    await settled();
    assertEquals(notes.found_, [["value", Infinity]]);
    assertEquals([notes.broken?.at, others.broken?.at], [1, 0]);
    assertMatch(notes.broken!.why, /^Redis replied to (GETRANGE|PTTL) with an? .*: wanted an? /);
    assertEquals(it.connection.loss, notes.broken!.why);
  }
});

Deno.test("a lost connection is reported with the first key that was not read", async () => {
  for (const sent of ["", ":-1\r\n", `:-1\r\n${bulk("a")}`, `:-1\r\n${bulk("a")}:-1\r\n$5\r\nva`]) {
    using it = connectTo(() => "");
    const notes = new Notes();
    new Reader(it.connection, "bounded", true).read(["a", "b"], 1000, notes);
    it.redis.send(sent);
    await settled();
    it.redis.end();
    await settled();
    assertEquals(notes.broken, { at: notes.found_.length, why: "Redis closed the connection" });
  }
});
