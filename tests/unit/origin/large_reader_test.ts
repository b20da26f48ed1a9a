/** Large values: in pieces that belong together, or whole. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Large } from "../../../src/origin/large.ts";
import { LargeReader } from "../../../src/origin/large_reader.ts";
import { Failure, Found } from "../../../src/core/types.ts";
import { type Answerer, bulk, connectTo } from "../../support/fake_redis.ts";
import { random } from "../../support/wire.ts";

/** Enough of a Redis: one value, WATCH, and a transaction. */
class Value {
  #isChanged = false;
  #queue: string[] | null = null;
  /** Replies that differ, by the command. */
  readonly refusals: Record<string, string> = {};
  /** Called before each request, as another client would come in between. */
  before: (words: readonly string[]) => void = () => {};

  constructor(public text: string | null, public time = -1) {}

  set(text: string | null): void {
    this.text = text;
    this.#isChanged = true;
  }

  readonly answer: Answerer = (words) => {
    this.before(words);
    const command = words[0]!;
    const refusal = this.refusals[command];
    // As in Redis, a transaction whose EXEC is refused is discarded.
    if (refusal !== undefined && command === "EXEC") this.#queue = null;
    if (refusal !== undefined) return refusal;
    if (command === "WATCH") this.#isChanged = false;
    if (command === "MULTI") this.#queue = [];
    if (command === "EXEC") {
      const queue = this.#queue;
      if (queue === null) return "-ERR EXEC without MULTI\r\n";
      this.#queue = null;
      return this.#isChanged ? "*-1\r\n" : `*${queue.length}\r\n${queue.join("")}`;
    }
    const reply = this.#reply(command, words);
    if (this.#queue === null || command === "MULTI") return reply;
    this.#queue.push(reply);
    return "+QUEUED\r\n";
  };

  #reply(command: string, words: readonly string[]): string {
    const text = this.text ?? "";
    switch (command) {
      case "STRLEN":
        return `:${text.length}\r\n`;
      case "PTTL":
        return `:${this.text === null ? -2 : this.time}\r\n`;
      case "GETRANGE":
        return bulk(rangeOf(text, Number(words[2]), Number(words[3])));
      case "GET":
        return this.text === null ? "$-1\r\n" : bulk(text);
      default:
        return "+OK\r\n";
    }
  }
}

const MB = 1024 * 1024;

/** As GETRANGE. */
function rangeOf(text: string, first: number, last: number): string {
  const from = Math.max(0, first < 0 ? text.length + first : first);
  return text.slice(from, Math.max(from, (last < 0 ? text.length + last : last) + 1));
}

const LENGTH = 1_200_003;
const textOf = (length: number, seed = 1) => {
  const next = random(seed);
  return Array.from({ length }, () => String.fromCharCode(next() * 256)).join("");
};
const TEXT = textOf(LENGTH);

function readerOf(value: Value, isTimed = true, isPieced = true) {
  const it = connectTo(value.answer);
  return { ...it, reader: new LargeReader(it.connection, isTimed, isPieced) };
}

function assertFound(found: unknown, text: string, timeToLive: number): void {
  assert(found instanceof Found, `${found}`);
  const { value, timeToLive: left } = found as Found;
  assertEquals([value.length, left], [text.length, timeToLive]);
  assert(value.every((byte, at) => byte === text.charCodeAt(at)), "other bytes");
}

Deno.test("a value of any length comes in pieces, complete and with its time to live", async () => {
  for (const length of [MB + 1, 9 * 131_072 - 1, 9 * 131_072, 9 * 131_072 + 1, LENGTH]) {
    const text = TEXT.slice(0, length);
    using it = readerOf(new Value(text, 5000));
    assertFound(await it.reader.read("key", new Large(length)), text, 5000);
    const pieces = it.redis.requests.filter((one) => one.startsWith("GETRANGE"));
    assertEquals(pieces.length, Math.ceil(length / 131_072));
    assertEquals(it.redis.requests.slice(-4), ["MULTI", "STRLEN key", "PTTL key", "EXEC"]);
  }
});

Deno.test("a value of up to 1 MB comes whole", async () => {
  for (const length of [0, 1, MB]) {
    const text = TEXT.slice(0, length);
    using it = readerOf(new Value(text, 5000));
    assertFound(await it.reader.read("key", new Large(length)), text, 5000);
    assertEquals(it.redis.requests, ["PTTL key", "GET key"]);
  }
});

Deno.test("at most three pieces are requested ahead", async () => {
  const value = new Value(TEXT);
  let [asked, most] = [0, 0];
  using it = readerOf(value);
  const send = it.redis.send.bind(it.redis);
  value.before = ([command]) => {
    if (command === "GETRANGE") most = Math.max(most, ++asked);
  };
  it.redis.send = (text) => {
    if (text.startsWith("$")) setTimeout(() => (asked--, send(text)), 1);
    else send(text);
  };
  assertFound(await it.reader.read("key", new Large(LENGTH)), TEXT, Infinity);
  assertEquals(most, 3);
});

Deno.test("values that are requested together come one after the other, and are never mixed up", async () => {
  using it = readerOf(new Value(TEXT));
  const all = await Promise.all([1, 2, 3].map(() => it.reader.read("key", new Large(LENGTH))));
  for (const found of all) assertFound(found, TEXT, Infinity);
});

Deno.test("a value that changes while its pieces come is read again, whole", async () => {
  for (const text of [textOf(LENGTH, 2), textOf(50, 2), textOf(LENGTH + 5, 2), null]) {
    const value = new Value(TEXT, 700);
    let pieces = 0;
    value.before = ([command]) => {
      if (command === "GETRANGE" && ++pieces === 4) value.set(text);
    };
    using it = readerOf(value);
    const found = await it.reader.read("key", new Large(LENGTH));
    if (text === null) assertEquals(found, null);
    else assertFound(found, text, 700);
  }
});

Deno.test("a value of another length than expected is read again, whole", async () => {
  for (const length of [10, LENGTH - 1, LENGTH + 1, 2 * LENGTH]) {
    using it = readerOf(new Value(TEXT));
    assertFound(await it.reader.read("key", new Large(length)), TEXT, Infinity);
  }
  using gone = readerOf(new Value(null));
  assertEquals(await gone.reader.read("key", new Large(LENGTH)), null);
  assertEquals(await gone.reader.read("key", new Large(0)), null);
});

Deno.test("a value is read whole if pieces are not allowed, or no longer allowed", async () => {
  using whole = readerOf(new Value(TEXT), true, false);
  assertFound(await whole.reader.read("key", new Large(LENGTH)), TEXT, Infinity);
  assertEquals(whole.redis.requests, ["PTTL key", "GET key"]);
  for (const command of ["WATCH", "GETRANGE", "MULTI", "EXEC"]) {
    const value = new Value(TEXT);
    value.refusals[command] = "-NOPERM no\r\n";
    using it = readerOf(value);
    assertFound(await it.reader.read("key", new Large(LENGTH)), TEXT, Infinity);
    assertFound(await it.reader.read("key", new Large(LENGTH)), TEXT, Infinity);
  }
});

Deno.test("a value that has become a list is an error in the words of Redis", async () => {
  const value = new Value(TEXT);
  const wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
  Object.assign(value.refusals, { GETRANGE: wrong, GET: wrong, STRLEN: wrong });
  using it = readerOf(value);
  for (
    const found of [await it.reader.read("key", new Large(LENGTH)), await it.reader.measure("key")]
  ) {
    assert(found instanceof Failure);
    const { reason, message } = found as Failure;
    assertEquals([reason, message], ["reply", wrong.slice(1, -2)]);
  }
});

/** A window, and where it begins in the value. */
const WINDOWS: readonly [first: number, last: number, from: number][] = [
  [0, 9, 0],
  [100, 200, 100],
  [-5, -1, LENGTH - 5],
  [LENGTH - 1, LENGTH + 10, LENGTH - 1],
  [0, -1, 0],
  [1, 0, 1],
  [LENGTH + 5, LENGTH + 6, LENGTH],
];

Deno.test("only the wanted window of a value is read, with its place in the value", async () => {
  for (const [first, last, from] of WINDOWS) {
    using it = readerOf(new Value(TEXT, 5000));
    const found = await it.reader.read("key", new Large(LENGTH, { first, last })) as Found;
    assertFound(found, TEXT.slice(from, last < 0 ? LENGTH + last + 1 : last + 1), 5000);
    assertEquals(found.part, { from, length: LENGTH });
    assertEquals(it.redis.requests.map((one) => one.split(" ")[0]), ["STRLEN", "GETRANGE", "PTTL"]);
  }
});

Deno.test("a value whose window does not fit is read whole", async () => {
  const large = new Large(LENGTH, { first: 0, last: 9 });
  const refused = new Value(TEXT);
  refused.refusals.STRLEN = "-NOPERM no\r\n";
  const longer = new Value(TEXT);
  longer.before = ([command]) => {
    if (command === "GETRANGE") longer.text = TEXT.slice(0, 5);
  };
  for (const value of [refused, longer]) {
    using it = readerOf(value, true, false);
    const found = await it.reader.read("key", large) as Found;
    assertFound(found, value.text!, Infinity);
    assertEquals(found.part, null);
  }
  using gone = readerOf(new Value(null), true, false);
  assertEquals(await gone.reader.read("key", large), null);
});

Deno.test("no time to live is read if it is not needed", async () => {
  using it = readerOf(new Value(TEXT, 5000), false);
  assertFound(await it.reader.read("key", new Large(LENGTH)), TEXT, Infinity);
  assertFound(await it.reader.readWhole("key"), TEXT, Infinity);
});

Deno.test("reads reject when the connection is lost, or a reply is of a wrong type", async () => {
  for (const command of ["WATCH", "GETRANGE", "EXEC"]) {
    const value = new Value(TEXT);
    using it = readerOf(value);
    value.before = (words) => {
      if (words[0] === command) it.redis.end();
    };
    await assertRejects(() => it.reader.read("key", new Large(LENGTH)), Error, "closed");
    await assertRejects(() => it.reader.readWhole("key"), Error, "closed");
    await assertRejects(() => it.reader.measure("key"), Error, "closed");
  }
  for (
    const [command, ask] of Object.entries({
      GETRANGE: "read",
      GET: "readWhole",
      STRLEN: "measure",
    })
  ) {
    const value = new Value(TEXT);
    value.refusals[command] = "*0\r\n";
    using it = readerOf(value);
    const read = () => it.reader[ask as "read"]("key", new Large(LENGTH));
    await assertRejects(read, Error, `Redis replied to ${command} with`);
    assert(it.connection.loss !== null);
  }
});
