/** What becomes of each answer of a handshake: a refusal, a closed connection, silence. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { authenticate, prepareReads } from "../../../src/origin/greeting.ts";
import { ClosedAt, Handshake } from "../../../src/origin/handshake.ts";
import { Closings } from "../../../src/origin/wire/closings.ts";
import { LoopGuard } from "../../../src/origin/loop_guard.ts";
import { failureOf, lossOf } from "../../../src/origin/loss.ts";
import { Declined, Refused } from "../../../src/origin/refusal.ts";
import { chooseMethod, mayWatch } from "../../../src/origin/reader.ts";

const NOT_FOUND = "ERR unknown command";
const CLOSED = new Error("closed");

/** What a server answers: a value, the text of an error, a closed connection, or nothing. */
type Answer = { value: unknown } | { error: string } | "closes" | "silent";

/** A connection to a server that answers by the first word that fits; it knows no other command. */
function connectTo(server: Record<string, Answer>) {
  const asked: string[] = [];
  let isClosed = false;
  return {
    asked,
    call(command: string, ...args: string[]): Promise<unknown> {
      const words = [command, ...args].join(" ");
      asked.push(words);
      const name = Object.keys(server).find((one) => words.startsWith(one));
      const answer = name === undefined ? { error: NOT_FOUND } : server[name]!;
      if (answer === "silent") return new Promise(() => {});
      isClosed ||= answer === "closes";
      if (isClosed || answer === "closes") return Promise.reject(CLOSED);
      if ("value" in answer) return Promise.resolve(answer.value);
      return Promise.reject(Object.assign(new Error(answer.error), { name: "ReplyError" }));
    },
  };
}

const handshakeWith = (server: Record<string, Answer>, closings?: Closings) =>
  new Handshake(connectTo(server), 20, closings);

const OK = { value: "OK" };
const NOBODY = { username: null, password: null, database: 0 };

Deno.test("a refused required step is an error that names the step without its secrets", async () => {
  const handshake = handshakeWith({ AUTH: { error: "WRONGPASS invalid username-password pair" } });
  const identity = { username: "user", password: "secret", database: 0 };
  const error = await assertRejects(() => authenticate(handshake, identity), Refused);
  assertEquals(error.message, "AUTH: WRONGPASS invalid username-password pair");
  assertEquals(error.isPassing, false);
  assert(error.advice.includes("password"));
});

Deno.test("a refusal ends by itself exactly if Redis says so", async () => {
  const table: [string, "unready" | "refused"][] = [
    ["LOADING Redis is loading the dataset in memory", "unready"],
    ["BUSY Redis is busy running a script.", "unready"],
    ["MASTERDOWN Link with MASTER is down", "unready"],
    ["ERR max number of clients reached", "unready"],
    ["ERR DB index is out of range", "refused"],
    ["ERR SELECT is not allowed in cluster mode", "refused"],
    ["NOPERM this user has no permissions to run the 'select' command", "refused"],
    ["NOAUTH Authentication required.", "refused"],
    ["ERR unknown command 'SELECT'", "refused"],
  ];
  for (const [error, reason] of table) {
    const handshake = handshakeWith({ SELECT: { error }, GET: { value: null } });
    const identity = { ...NOBODY, database: 5 };
    const refusal = await assertRejects(
      () => prepareReads(handshake, identity, new LoopGuard()),
      Refused,
    );
    const loss = lossOf(refusal);
    assertEquals(loss.reason, reason, error);
    const { message } = failureOf(loss);
    const words = `Redis refuses this proxy: SELECT 5: ${error}`;
    assertEquals(message, reason === "unready" ? error : words);
  }
});

Deno.test("authenticate() distinguishes an unneeded password from a wrong one", async () => {
  const table: [Answer, boolean | typeof Refused | typeof Error][] = [
    [OK, true],
    [{ error: "ERR Client sent AUTH, but no password is set" }, false],
    [{
      error:
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    }, false],
    [{ error: "ERR invalid password" }, Refused],
    [{ value: "PONG" }, Error],
  ];
  for (const [answer, wanted] of table) {
    const handshake = handshakeWith({ AUTH: answer });
    const result = authenticate(handshake, { ...NOBODY, password: "p" });
    if (typeof wanted === "boolean") assertEquals(await result, wanted);
    else await assertRejects(() => result, wanted);
  }
  const nobody = connectTo({});
  assertEquals(await authenticate(new Handshake(nobody, 20), NOBODY), true);
  assertEquals(nobody.asked, []);
});

Deno.test("prepareReads() rejects errors about reading, and ignores errors about its key", async () => {
  const table: [Answer, boolean][] = [
    [{ value: null }, true],
    [{ value: "value" }, true],
    [{ error: "NOPERM this user has no permissions to access one of the keys used" }, true],
    [{ error: "NOPERM No permissions to access a key" }, true],
    [{ error: "MOVED 1234 192.0.2.1:6379" }, true],
    [{ error: "ERR Connection refused" }, true],
    [{ error: "NOPERM this user has no permissions to run the 'get' command" }, false],
    [{ error: "NOPERM User default has no permissions to run the 'get' command" }, false],
    [{ error: "NOAUTH Authentication required." }, false],
    [{ error: "LOADING Redis is loading the dataset in memory" }, false],
    [{ error: "LOOP The proxy reads from itself" }, false],
    [{ error: "ORIGINDOWN Redis is away: connection refused" }, false],
    [{ error: "ORIGINREFUSED Redis refuses this proxy: AUTH: WRONGPASS" }, false],
    [{ error: "ERR unknown command `GET`" }, false],
    [{ value: 7 }, false],
    [{ value: ["a"] }, false],
  ];
  for (const [answer, mayRead] of table) {
    const result = prepareReads(handshakeWith({ GET: answer }), NOBODY, new LoopGuard());
    if (mayRead) await result;
    else await assertRejects(() => result, Error, undefined, JSON.stringify(answer));
  }
});

Deno.test("an error declines an optional step, and a passing error postpones it", async () => {
  const handshake = handshakeWith({ INFO: { error: "LOADING Redis is loading" } });
  await assertRejects(() => handshake.may("SCRIPT", "LOAD", "return 1"), Declined, "SCRIPT LOAD");
  await assertRejects(() => handshake.may("INFO"), Refused, "LOADING");
  assertEquals(handshake.declined.map(({ step }) => step), ["SCRIPT LOAD"]);
});

Deno.test("a connection that closes twice in a row at a step is a refusal of the step", async () => {
  const closings = new Closings();
  const server: Record<string, Answer> = { GET: { value: null }, PING: { value: "PONG" } };
  const attempt = async () => {
    const handshake = handshakeWith({ ...server, INFO: "closes" }, closings);
    await handshake.must("GET", "key");
    return await handshake.may("INFO").catch((error) => error.constructor);
  };
  assertEquals([await attempt(), await attempt(), await attempt()], [ClosedAt, ClosedAt, Declined]);
  // An answer in between starts the count anew.
  const others = new Closings();
  const closing = handshakeWith({ ...server, INFO: "closes" }, others);
  await closing.must("GET", "key");
  await assertRejects(() => closing.may("INFO"), ClosedAt);
  await handshakeWith({ INFO: { value: "" } }, others).may("INFO");
  assertEquals(others.has("INFO"), false);
});

Deno.test("a connection that ends before any answer, or at a required step, is not a refusal", async () => {
  const closings = new Closings();
  for (let time = 0; time < 3; time++) {
    const mute = handshakeWith({ INFO: "closes" }, closings);
    assertEquals(await mute.may("INFO").catch((error) => error), CLOSED);
    const lost = handshakeWith({ PING: { value: "PONG" }, GET: "closes" }, closings);
    await lost.may("PING");
    assertEquals(await lost.must("GET", "key").catch((error) => error), CLOSED);
  }
  assertEquals([closings.has("INFO"), closings.has("GET")], [false, false]);
});

Deno.test("of concurrent steps, the first without an answer has closed the connection", async () => {
  const closings = new Closings();
  for (let time = 0; time < 2; time++) {
    const handshake = handshakeWith({ GET: { value: null }, STRLEN: "closes" }, closings);
    await handshake.must("GET", "key");
    await Promise.allSettled([handshake.may("STRLEN", "key"), handshake.may("PTTL", "key")]);
  }
  assertEquals([closings.has("STRLEN"), closings.has("PTTL")], [true, false]);
});

Deno.test("silence is an error with the step and the time, and not a refusal", async () => {
  const handshake = handshakeWith({ GET: { value: null }, INFO: "silent" });
  await handshake.must("GET", "key");
  await assertRejects(() => handshake.may("INFO"), Error, "no answer to INFO within 20 ms");
  await assertRejects(() => handshake.must("INFO"), Error, "no answer to INFO within 20 ms");
});

Deno.test("chooseMethod() takes the best method that Redis allows", async () => {
  const strlen = { value: 0 }, pttl = { value: -2 }, range = { value: "" };
  const forbidden = { error: "NOPERM this user has no permissions to run the 'x' command" };
  const table: [Record<string, Answer>, string][] = [
    [{ STRLEN: strlen, PTTL: pttl, GETRANGE: range }, "bounded"],
    [{ STRLEN: strlen, PTTL: pttl }, "timed"],
    [{ PTTL: pttl, GETRANGE: range, STRLEN: forbidden }, "timed"],
    [{ STRLEN: strlen, GETRANGE: range }, "plain"],
    [{ STRLEN: strlen, GETRANGE: range, PTTL: forbidden }, "plain"],
    [{}, "plain"],
    // An error about this key says nothing of others.
    [
      { STRLEN: strlen, PTTL: pttl, GETRANGE: { error: "NOPERM No permissions to access a key" } },
      "bounded",
    ],
  ];
  for (const [server, wanted] of table) {
    const method = await chooseMethod(handshakeWith(server), "key");
    assertEquals(method, wanted, JSON.stringify(server));
  }
  const busy = handshakeWith({ STRLEN: strlen, PTTL: pttl, GETRANGE: { error: "BUSY Redis is" } });
  await assertRejects(() => chooseMethod(busy, "key"), Refused, "BUSY");
});

Deno.test("mayWatch() requires all commands for pieces, and understands the error of EXEC", async () => {
  const ok = { value: "OK" };
  const all: Record<string, Answer> = {
    WATCH: ok,
    MULTI: ok,
    EXEC: { error: "ERR EXEC without MULTI" },
  };
  const handshake = handshakeWith(all);
  assertEquals([await mayWatch(handshake, "key"), handshake.declined], [true, []]);
  for (const missing of Object.keys(all)) {
    const { [missing]: _, ...rest } = all;
    assertEquals(await mayWatch(handshakeWith(rest), "key"), false, missing);
  }
});
