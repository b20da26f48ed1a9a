import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { ConnectionState } from "../../../src/lanes/connection_state.ts";
import { Passable } from "../../../src/lanes/passable.ts";
import { PrivateLane } from "../../../src/lanes/private_lane.ts";
import { Connection } from "../../../src/origin/wire/connection.ts";
import { request } from "../../support/client.ts";
import { FakeSocket, settled } from "../../support/fake_socket.ts";
import { changed, FakeCache, passable, specOf } from "../../support/lane_rig.ts";

/**
 * A lane to a Redis that the test plays. `log` has the bytes that its client gets, and the dropped
 * keys.
 */
function rig(isCausal = false) {
  const socket = new FakeSocket();
  const cache = new FakeCache();
  const lane = new PrivateLane(new Connection(socket), new ConnectionState(0), cache, {
    isCausal,
  });
  lane.sink = {
    write(bytes, from, to) {
      cache.log.push(Buffer.from(bytes.subarray(from, to)).toString("latin1"));
    },
  };
  const send = (...words: string[]) => lane.send(passable(...words), false);
  const reply = async (text: string) => {
    socket.reply(text);
    await settled();
  };
  return { socket, cache, lane, send, reply, log: cache.log };
}

Deno.test("PrivateLane passes requests and replies unchanged", async () => {
  const { socket, lane, send, reply, log } = rig();
  send("GET", "a");
  send("LRANGE", "l", "0", "-1");
  await settled();
  assertEquals(socket.written, request("GET", "a") + request("LRANGE", "l", "0", "-1"));
  await reply("$1\r\nA\r\n*2\r\n$1\r\n");
  assertEquals(lane.outstanding, 1);
  await reply("x\r\n:7\r\n");
  assertEquals(log.join(""), "$1\r\nA\r\n*2\r\n$1\r\nx\r\n:7\r\n");
  assert(lane.isIdle);
  lane.close("done");
});

Deno.test("PrivateLane drops the keys of a transaction at EXEC, not before", async () => {
  const { lane, send, reply, log } = rig();
  for (const command of [["MULTI"], ["SET", "a", "1"], ["GET", "b"], ["INCR", "c"], ["EXEC"]]) {
    send(...command);
  }
  await reply("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  assertEquals(log.filter((one) => one.length === 1), []);
  await reply("*3\r\n+OK\r\n$-1\r\n:1\r\n");
  assertEquals(log.slice(-3), ["a", "c", "*3\r\n+OK\r\n$-1\r\n:1\r\n"]);
  assert(lane.isIdle);
  lane.close("done");
});

Deno.test("PrivateLane drops nothing after DISCARD", async () => {
  const { lane, send, reply, log } = rig();
  for (const command of [["MULTI"], ["SET", "a", "1"], ["DISCARD"]]) send(...command);
  await reply("+OK\r\n+QUEUED\r\n+OK\r\n");
  assertEquals(log, ["+OK\r\n", "+QUEUED\r\n", "+OK\r\n"]);
  lane.close("done");
});

Deno.test("PrivateLane holds the reply to EXEC with a script until its changes are known", async () => {
  const { cache, lane, send, reply, log } = rig();
  const fence = Promise.withResolvers<boolean>();
  cache.fenced = fence.promise;
  for (const command of [["MULTI"], ["EVAL", "return 1", "0"], ["EXEC"]]) send(...command);
  await reply("+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
  assertEquals(log, ["+OK\r\n", "+QUEUED\r\n", "(fence)"]);
  fence.resolve(true);
  await settled();
  assertEquals(log.at(-1), "*1\r\n:1\r\n");
  lane.close("done");
});

Deno.test("PrivateLane passes messages at any time, in RESP2 and RESP3", async () => {
  const message = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n";
  for (const type of ["*", ">"]) {
    const { lane, send, reply, log } = rig();
    send("SUBSCRIBE", "c", "d");
    const confirmation = (name: string, count: number) =>
      `${type}3\r\n$9\r\nsubscribe\r\n$1\r\n${name}\r\n:${count}\r\n`;
    await reply(confirmation("c", 1) + confirmation("d", 2));
    assertEquals(lane.outstanding, 0);
    assert(lane.state.isSubscribed);
    await reply(message.replace("*", type));
    send("PING");
    // A message that comes before the reply answers nothing.
    await reply(message.replace("*", type));
    assertEquals(lane.outstanding, 1);
    await reply("+PONG\r\n");
    assertEquals(lane.outstanding, 0);
    assertEquals(log.length, 5);
    lane.close("done");
  }
});

Deno.test("PrivateLane is idle once the last subscription ends", async () => {
  const { lane, send, reply } = rig();
  send("SUBSCRIBE", "c");
  await reply("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  send("UNSUBSCRIBE");
  await reply("*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n");
  assert(lane.isIdle);
  lane.close("done");
});

Deno.test("PrivateLane takes an error as the answer to a subscription", async () => {
  const { lane, send, reply } = rig();
  send("SUBSCRIBE", "c");
  await reply("-NOPERM no\r\n");
  assert(lane.isIdle);
  lane.close("done");
});

Deno.test("PrivateLane passes the lines of MONITOR, and answers the requests that follow", async () => {
  const { lane, send, reply, log } = rig();
  send("MONITOR");
  await reply('+OK\r\n+1700000000.1 [0 127.0.0.1:1] "get" "k"\r\n');
  send("GET", "k");
  await reply('+1700000000.2 [0 127.0.0.1:1] "get" "k"\r\n');
  assertEquals(lane.outstanding, 1);
  await reply("$-1\r\n");
  assertEquals(lane.outstanding, 0);
  assertEquals(log.length, 4);
  lane.close("done");
});

Deno.test("PrivateLane sends the proxy's own replies in the order of the requests", async () => {
  const { lane, send, reply, log } = rig();
  lane.answer(Buffer.from("+1\r\n"));
  send("BLPOP", "q", "0");
  lane.answer(Buffer.from("+2\r\n"));
  lane.answer(Buffer.from("+3\r\n"));
  assertEquals(log, ["+1\r\n"]);
  await reply("*-1\r\n");
  assertEquals(log, ["+1\r\n", "q", "*-1\r\n", "+2\r\n", "+3\r\n"]);
  assert(lane.isIdle);
  lane.close("done");
});

Deno.test("PrivateLane leaves out unwanted replies, but no messages", async () => {
  const { lane, reply, log } = rig();
  lane.send(passable("GET", "k"), true);
  lane.send(passable("SET", "k", "v"), true);
  await reply("$-1\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n");
  assertEquals(log, [">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", "k"]);
  lane.close("done");
});

Deno.test("PrivateLane confirms subscriptions, even to a client that wants no replies", async () => {
  const { lane, reply, log } = rig();
  lane.send(passable("SUBSCRIBE", "c"), true);
  const confirmation = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
  await reply(confirmation);
  assertEquals(log, [confirmation]);
  lane.close("done");
});

Deno.test("PrivateLane rewrites a reply of any length", async () => {
  for (const length of [3, 500_000]) {
    const { lane, reply, log } = rig();
    lane.send(changed((text) => `+${text.length}\r\n`, "GET", "k"), false);
    const long = `$${length}\r\n${"x".repeat(length)}\r\n`;
    await reply(long);
    while (lane.outstanding > 0) await settled();
    assertEquals(log, [`+${long.length}\r\n`]);
    lane.close("done");
  }
});

Deno.test("PrivateLane reports the result to the request before it passes the reply", async () => {
  const { lane, reply, log } = rig();
  for (const word of ["a", "b"]) {
    const request = passable("GET", word);
    request.onAnswer = (isError) => log.push(`${word} ${isError}`);
    lane.send(request, false);
  }
  await reply("+OK\r\n-ERR no\r\n");
  assertEquals(log, ["a false", "+OK\r\n", "b true", "-ERR no\r\n"]);
  lane.close("done");
});

Deno.test("PrivateLane may be in a transaction or subscribed from the request until its answer", async () => {
  const { lane, send, reply } = rig();
  const may = () => [lane.mayBeInTransaction, lane.mayBeSubscribed];
  assertEquals(may(), [false, false]);
  send("MULTI");
  send("SUBSCRIBE", "c");
  send("GET", "k");
  assertEquals(may(), [true, true]);
  await reply("-ERR no\r\n-ERR no\r\n");
  assertEquals(may(), [false, false]);
  await reply("$-1\r\n");
  send("MULTI");
  await reply("+OK\r\n");
  assertEquals(may(), [true, false]);
  lane.close("done");
});

Deno.test("PrivateLane passes a long reply in parts, and continues when the client has taken them", async () => {
  const { lane, socket, send, log } = rig();
  const taken = Promise.withResolvers<void>();
  let parts = 0;
  lane.sink = {
    write: (_, from, to) => {
      parts++;
      log.push(String(to - from));
      return taken.promise;
    },
  };
  send("LRANGE", "l", "0", "-1");
  socket.reply(`$500000\r\n${"x".repeat(500_000)}\r\n`);
  while (parts === 0) await settled();
  // No further part follows until the client has taken this one.
  await settled();
  assertEquals(parts, 1);
  taken.resolve();
  while (lane.outstanding > 0) await settled();
  assertEquals(log.reduce((sum, length) => sum + Number(length), 0), 500_011);
  lane.close("done");
});

Deno.test("PrivateLane drops all keys that its requests may have changed when it is lost", async () => {
  const { lane, socket, send, log } = rig();
  let ends = 0;
  lane.onEnd = () => ends++;
  for (const command of [["MULTI"], ["SET", "a", "1"]]) send(...command);
  socket.reply("+OK\r\n+QUEUED\r\n");
  await settled();
  for (const command of [["INCR", "b"], ["EXEC"]]) send(...command);
  socket.end();
  await settled();
  assertEquals(log.filter((one) => one.length === 1).sort(), ["a", "b"]);
  assertEquals(ends, 1);
});

/** The reply to EXEC of a transaction that subscribes, and what follows it. */
function subscribing(type: string) {
  const frame = (kind: string, last: string, channel = "$1\r\na\r\n") =>
    `${type}3\r\n$${kind.length}\r\n${kind}\r\n${channel}${last}\r\n`;
  const elements = [
    ...["$1\r\nV\r\n", frame("subscribe", ":1"), frame("subscribe", ":2")],
    // Before Redis 7.2, a message comes between the elements.
    ...[frame("message", "$1\r\nm"), ":1\r\n"],
    ...[frame("unsubscribe", ":1"), frame("unsubscribe", ":0"), ":7\r\n"],
  ];
  return ["+OK\r\n", ...Array(5).fill("+QUEUED\r\n"), "*5\r\n", ...elements, ":8\r\n"];
}

for (const type of ["*", ">"]) {
  Deno.test(`PrivateLane matches replies to requests in and after a transaction that subscribes, in ${type} frames`, async () => {
    const whole = subscribing(type).join("");
    for (const pieces of [[whole], [...whole], whole.match(/.{1,7}/gs)!]) {
      const { lane, send, socket, log } = rig();
      send("MULTI");
      lane.send(changed((text) => text.replace("V", "W"), "GET", "k"), false);
      for (const line of ["SUBSCRIBE a b", "PUBLISH a m", "UNSUBSCRIBE", "INCR n"]) {
        send(...line.split(" "));
      }
      lane.answer(Buffer.from("+first\r\n"));
      send("EXEC");
      lane.answer(Buffer.from("+local\r\n"));
      send("INCR", "e");
      lane.answer(Buffer.from("+last\r\n"));
      for (const piece of pieces) {
        socket.reply(piece);
        if (pieces.length < 100) await settled();
      }
      while (lane.outstanding > 0) await settled();
      const wanted = whole.replace("V", "W").replace("*5", "+first\r\n*5")
        .replace(/:8\r\n$/, "+local\r\n:8\r\n+last\r\n");
      assertEquals(log.filter((one) => one.length > 1).join(""), wanted);
      assertEquals(log.filter((one) => one.length === 1), ["n", "e"]);
      // The keys of the transaction are dropped before its reply.
      assert(log.indexOf("n") < log.indexOf("*5\r\n"));
      assert(lane.isIdle);
      lane.close("done");
    }
  });
}

Deno.test("PrivateLane takes an array before the reply to EXEC without MULTI for a message", async () => {
  const { lane, send, reply, log } = rig();
  const frame = (kind: string, last: string) =>
    `*3\r\n$${kind.length}\r\n${kind}\r\n$1\r\nc\r\n${last}\r\n`;
  for (const line of ["MULTI", "SUBSCRIBE c", "EXEC", "EXEC"]) send(...line.split(" "));
  const replies = "+OK\r\n+QUEUED\r\n*1\r\n" + frame("subscribe", ":1") +
    frame("message", "$1\r\nm") + "-EXECABORT no\r\n";
  await reply(replies);
  assertEquals([log.join(""), lane.outstanding], [replies, 0]);
  lane.close("done");
});

Deno.test("PrivateLane passes messages between the elements of EXEC to a subscriber in RESP3", async () => {
  const { lane, send, reply, log } = rig();
  const push = (kind: string, last: string) =>
    `>3\r\n$${kind.length}\r\n${kind}\r\n$1\r\nc\r\n${last}\r\n`;
  send("SUBSCRIBE", "c");
  await reply(push("subscribe", ":1"));
  for (const line of ["MULTI", "PUBLISH c m", "LRANGE l 0 -1", "EXEC", "GET a"]) {
    send(...line.split(" "));
  }
  log.length = 0;
  const replies = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n" + push("message", "$1\r\nm") + ":1\r\n" +
    "*2\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nA\r\n";
  await reply(replies);
  assertEquals([log.join(""), lane.outstanding], [replies, 0]);
  lane.close("done");
});

Deno.test("PrivateLane ends if EXEC has another number of replies than commands", async () => {
  const { lane, send, reply } = rig();
  for (const line of ["MULTI", "SUBSCRIBE a", "EXEC"]) send(...line.split(" "));
  await reply("+OK\r\n+QUEUED\r\n*2\r\n");
  assertEquals(
    lane.connection.loss,
    "Redis answered EXEC with another number of replies than commands",
  );
});

/** What a client gets of a transaction, and which later replies are left out. */
async function replySwitches(isMuted: boolean, commands: readonly string[], elements: string) {
  const socket = new FakeSocket();
  const log: string[] = [];
  const lane = new PrivateLane(new Connection(socket), new ConnectionState(0), new FakeCache(), {
    isCausal: false,
    leaveOut: (replies) => log.push(replies),
  });
  lane.sink = { write: (bytes, from, to) => void log.push(latin1(bytes.subarray(from, to))) };
  for (const line of ["MULTI", ...commands, "EXEC"]) lane.send(queued(line), isMuted);
  const count = commands.length;
  socket.reply(`+OK\r\n${"+QUEUED\r\n".repeat(count)}*${count}\r\n${elements}`);
  while (lane.outstanding > 0) await settled();
  lane.close("done");
  return log.filter((one) => one !== "+OK\r\n" && one !== "+QUEUED\r\n");
}

/** CLIENT REPLY as Redis gets it here, or any other command. */
function queued(line: string): Passable {
  const words = line.split(" ");
  if (words[0] !== "CLIENT") return passable(...words);
  const list = { count: words.length, string: (index: number) => words[index]! };
  return new Passable(Buffer.from("-"), specOf("client|reply", "fast", 0), list);
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

Deno.test("PrivateLane leaves out of EXEC, and after it, what CLIENT REPLY inside says", async () => {
  const [on, off, skip] = ["ON", "OFF", "SKIP"].map((mode) => `CLIENT REPLY ${mode}`) as [
    ...[string, string, string],
  ];
  const ok = "+OK\r\n";
  const cases: [boolean, string[], string, string[]][] = [
    [true, ["GET a", on, "GET b"], ":1\r\n+OK\r\n:2\r\n", ["none", ":2\r\n"]],
    [true, ["GET a"], ":1\r\n", []],
    [true, [on, off, "GET a"], `${ok}${ok}:1\r\n`, ["none", "all"]],
    [true, [on, skip, "GET a"], `${ok}${ok}:1\r\n`, ["none", "next", ":1\r\n"]],
    [false, ["GET a", off, "GET b"], `:1\r\n${ok}:2\r\n`, ["*3\r\n", ":1\r\n", "all"]],
    [false, ["GET a", skip, "GET b"], `:1\r\n${ok}:2\r\n`, [
      ...["*3\r\n", ":1\r\n", "next", ":2\r\n"],
    ]],
    [false, [off, on, "GET b"], `${ok}${ok}:2\r\n`, ["*3\r\n", "all", "none", ":2\r\n"]],
    [false, [off, "GET b"], `-NOPERM no\r\n:2\r\n`, ["*2\r\n", "-NOPERM no\r\n", ":2\r\n"]],
  ];
  for (const [isMuted, commands, elements, wanted] of cases) {
    const log = await replySwitches(isMuted, commands, elements);
    assertEquals(log.toSorted(), wanted.toSorted(), `${isMuted} ${commands}`);
  }
});

Deno.test("PrivateLane forgets a transaction that subscribes if it is discarded", async () => {
  const { lane, send, reply } = rig();
  for (const command of [["MULTI"], ["SUBSCRIBE", "a"], ["DISCARD"]]) send(...command);
  await reply("+OK\r\n+QUEUED\r\n+OK\r\n");
  assert(lane.isIdle);
  lane.close("done");
});

Deno.test("PrivateLane lets nothing overtake a reply that waits for a fence", async () => {
  const { lane, cache, send, reply, log } = rig();
  const fence = Promise.withResolvers<boolean>();
  cache.fenced = fence.promise;
  send("EVAL", "return 1", "0");
  await reply(":1\r\n");
  assertEquals([lane.outstanding, lane.isIdle], [1, false]);
  lane.answer(Buffer.from("+local\r\n"));
  fence.resolve(true);
  await settled();
  assertEquals(log, ["(fence)", ":1\r\n", "+local\r\n"]);
  assert(lane.isIdle);
  lane.close("done");
});

Deno.test("PrivateLane changes replies inside the reply to EXEC", async () => {
  const { lane, send, reply, log } = rig();
  send("MULTI");
  lane.send(changed((text) => text.replace("7", "1000"), "CLIENT", "ID"), false);
  for (const command of [["GET", "k"], ["EXEC"]]) send(...command);
  await reply("+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  await reply("*2\r\n:7\r\n$1\r\n7\r\n");
  assertEquals(log.slice(-3), ["*2\r\n", ":1000\r\n", "$1\r\n7\r\n"]);
  send("MULTI");
  lane.send(changed((text) => text.replace("7", "1000"), "CLIENT", "ID"), false);
  send("EXEC");
  await reply("+OK\r\n+QUEUED\r\n*-1\r\n");
  assertEquals(log.at(-1), "*-1\r\n");
  lane.close("done");
});

Deno.test("PrivateLane waits for nothing once its connection is lost", async () => {
  const { lane, socket, send } = rig();
  for (const command of [["WATCH", "a"], ["GET", "a"]]) send(...command);
  socket.end();
  await settled();
  assertEquals(lane.outstanding, 0);
});

Deno.test("PrivateLane has one fence for all replies and messages that a causal client gets at one moment", async () => {
  const { lane, socket, send, reply, log } = rig(true);
  send("SUBSCRIBE", "c");
  const frame = (kind: string, last: string) =>
    `*3\r\n$${kind.length}\r\n${kind}\r\n$1\r\nc\r\n${last}\r\n`;
  await reply(frame("subscribe", ":1"));
  log.length = 0;
  const message = frame("message", "$1\r\nm");
  await reply(message + message);
  await reply(message);
  assertEquals(log, ["(fence)", message, message, "(fence)", message]);
  assertEquals(socket.isClosed, false);
  lane.close("done");
});

for (const excess of [-1, 0, 1]) {
  Deno.test(`PrivateLane matches replies that fill the memory of a read, and ${excess} bytes`, async () => {
    const { lane, send, reply, log } = rig();
    const ask = async (command: string, answer: string) => {
      send(command);
      await reply(answer);
      // A busy machine needs more turns for a long reply.
      for (let turns = 0; lane.outstanding > 0 && turns < 10_000; turns++) await settled();
    };
    // Memory begins with 256 bytes, and grows with what comes at once.
    for (let length = 256; length <= 256 * 1024; length *= 2) {
      const head = `$${length}\r\n`.length;
      const value = "x".repeat(length + excess - head - 2);
      await ask("GET", `$${value.length}\r\n${value}\r\n`);
      assertEquals([lane.outstanding, lane.isIdle], [0, true], `${length}`);
      await ask("MULTI", "+OK\r\n");
      await ask("DISCARD", "+OK\r\n");
      assertEquals([lane.outstanding, lane.isIdle, log.at(-1)], [0, true, "+OK\r\n"], `${length}`);
    }
    lane.close("done");
  });
}

Deno.test("PrivateLane waits for nothing once its connection is lost, not even for replies of the proxy", async () => {
  const { lane, send } = rig();
  send("BLPOP", "q", "0");
  lane.answer(Buffer.from("+PONG\r\n"));
  assertEquals(lane.outstanding, 2);
  lane.connection.close("Redis closed it");
  await settled();
  assertEquals(lane.outstanding, 0);
});
