import { assert, assertEquals, assertRejects } from "@std/assert";
import { Ledger } from "../../../src/server/ledger.ts";
import { Connection } from "../../../src/server/connection.ts";
import { Entrance } from "../../../src/server/arrival.ts";
import { Http } from "../../../src/http/mod.ts";
import { Log } from "../../../src/core/log.ts";
import { Resp } from "../../../src/resp/mod.ts";
import { SlowClients } from "../../../src/server/slow_clients.ts";
import { Stats } from "../../../src/core/stats.ts";
import { httpContext } from "../../support/http_context.ts";
import { request } from "../../support/client.ts";
import { makeCache } from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";
import { MemoryConn } from "../../support/memory_conn.ts";
import { respContext } from "../../support/resp_context.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const get = (key: string) => request("GET", key);
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;

/** Runs everything that is ready. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Never came true: ${isTrue}`);
    await settle();
  }
}

function serve(timeToLive = 60_000, isHeaderWanted = false) {
  const origin = new FakeOrigin();
  const stats = new Stats();
  const lookup = makeCache(origin, { timeToLive });
  const conn = new MemoryConn();
  const ledger = new Ledger(Infinity);
  const slow = new SlowClients(ledger, 2 ** 20);
  const lines: string[] = [];
  const log = new Log("info", "text", (line) => lines.push(line));
  const connection = new Connection(conn as unknown as Deno.Conn, {
    lookup,
    stats,
    slow,
    entrance: new Entrance(
      isHeaderWanted,
      (name, peer) =>
        name === "http" ? new Http(httpContext(), peer) : new Resp(respContext(), peer),
      log,
    ),
  });
  const served = connection.serve().finally(() => slow.stop());
  return { origin, conn, connection, ledger, slow, served, lines };
}

Deno.test("Connection replies in the order of requests, whatever the order of outcomes", async () => {
  const { origin, conn, served } = serve();
  conn.send(get("a") + "PING\r\n" + get("b") + get("c"));
  await until(() => origin.reads.length === 3);
  origin.reads[2]!.answer(null);
  origin.reads[1]!.answer(bytes("B"));
  await settle();
  assertEquals(conn.written, []);
  origin.reads[0]!.answer(bytes("A"));
  conn.end();
  await served;
  assertEquals(conn.written.join(""), `${bulk("A")}+PONG\r\n${bulk("B")}$-1\r\n`);
  assert(conn.isClosed);
});

Deno.test("Connection sends the replies before a miss without waiting for it", async () => {
  const { origin, conn, served } = serve();
  conn.send("PING\r\n" + get("a"));
  await until(() => conn.written.length > 0);
  assertEquals(conn.written, ["+PONG\r\n"]);
  origin.reads[0]!.answer(null);
  conn.end();
  await served;
  assertEquals(conn.written, ["+PONG\r\n", "$-1\r\n"]);
});

Deno.test("Connection answers a batch of hits with one write", async () => {
  const { origin, conn, served } = serve();
  conn.send(get("a"));
  await until(() => origin.reads.length === 1);
  origin.reads[0]!.answer(bytes("A"));
  await until(() => conn.written.length === 1);
  conn.send(get("a").repeat(6));
  conn.end();
  await served;
  assertEquals(conn.written.slice(1), [bulk("A").repeat(6)]);
});

Deno.test("Connection answers misses that arrive together with one write", async () => {
  const { origin, conn, served } = serve();
  const keys = ["a", "b", "c", "d"];
  conn.send(keys.map(get).join(""));
  await until(() => origin.reads.length === 4);
  for (const read of origin.reads) read.answer(bytes("X"));
  conn.end();
  await served;
  assertEquals(conn.written, [bulk("X").repeat(4)]);
});

Deno.test("Connection sends known replies before it waits for the rest of a pipeline", async () => {
  const { origin, conn, served } = serve();
  conn.send(["a", "b", "c"].map(get).join(""));
  await until(() => origin.reads.length === 3);
  origin.reads[0]!.answer(bytes("A"));
  origin.reads[1]!.answer(bytes("B"));
  await until(() => conn.written.length === 1);
  assertEquals(conn.written, [bulk("A") + bulk("B")]);
  origin.reads[2]!.answer(bytes("C"));
  conn.end();
  await served;
  assertEquals(conn.written.slice(1), [bulk("C")]);
});

Deno.test("Connection does not read from a client that reads no replies", async () => {
  const { conn, connection, served } = serve();
  conn.hold();
  conn.send("PING\r\n");
  conn.send("ECHO later\r\n");
  await until(() => connection.activity.phase === "writing");
  await settle();
  assertEquals(conn.reads, 1);
  conn.release();
  conn.end();
  await served;
  assertEquals(conn.written.join(""), "+PONG\r\n" + bulk("later"));
});

Deno.test("Connection limits the reads of one client in flight", async () => {
  const { origin, conn, served } = serve();
  const keys = Array.from({ length: 3000 }, (_, index) => `${index}`);
  conn.send(keys.map(get).join(""));
  conn.end();
  for (let answered = 0; answered < keys.length;) {
    await until(() => origin.reads.length > answered);
    await settle();
    assert(origin.reads.length - answered <= 128, `${origin.reads.length - answered} reads`);
    for (; answered < origin.reads.length; answered++) {
      origin.reads[answered]!.answer(bytes(origin.reads[answered]!.keys[0]!));
    }
  }
  await served;
  assert(conn.written.join("") === keys.map(bulk).join(""));
});

Deno.test("Connection reports its phase", async () => {
  const { origin, conn, connection, served } = serve();
  assertEquals(connection.activity.phase, "idle");
  conn.send("*2\r\n$3\r\n");
  await until(() => connection.activity.phase === "partial");
  const { since } = connection.activity;
  conn.send("GE");
  await settle();
  assertEquals([connection.activity.phase, connection.activity.since], ["partial", since]);
  conn.send("T\r\n$1\r\na\r\n");
  await until(() => connection.activity.phase === "answering");
  conn.hold();
  origin.reads[0]!.answer(null);
  await until(() => connection.activity.phase === "writing");
  conn.release();
  await until(() => connection.activity.phase === "idle");
  assert(connection.activity.since > since);
  // Sending replies before a wait for the origin also counts as writing, with its time limit.
  conn.hold();
  conn.send("PING\r\n" + get("b"));
  await until(() => origin.reads.length === 2);
  await settle();
  assertEquals(connection.activity.phase, "writing");
  origin.reads[1]!.answer(null);
  conn.release();
  conn.end();
  await served;
});

Deno.test("Connection times a request that began after a long wait from its own beginning", async () => {
  const { origin, conn, connection, served } = serve();
  conn.send(get("a") + "*2\r\n");
  await until(() => connection.activity.phase === "answering");
  await new Promise((resolve) => setTimeout(resolve, 20));
  const answered = performance.now();
  origin.reads[0]!.answer(null);
  await until(() => connection.activity.phase === "partial");
  assert(connection.activity.since >= answered);
  conn.end();
  await served;
});

Deno.test("Connection serves no expired value because a client was slow", async () => {
  const TTL = 300;
  const { origin, conn, connection, served } = serve(TTL);
  const value = new Uint8Array(300_000);
  conn.send(get("a"));
  await until(() => origin.reads.length === 1);
  origin.reads[0]!.answer(value);
  await until(() => connection.activity.phase === "idle");
  const expired = performance.now() + TTL;
  conn.hold();
  conn.send(get("a").repeat(3)); // The first reply alone fills a batch.
  await until(() => connection.activity.phase === "writing");
  await until(() => performance.now() > expired);
  conn.release();
  await until(() => origin.reads.length === 2);
  origin.reads[1]!.answer(value);
  conn.end();
  await served;
});

Deno.test("Connection closes its side after the last reply, and waits for the client to close", async () => {
  const { conn, connection, served } = serve();
  conn.send("QUIT\r\nPING\r\n");
  await until(() => connection.activity.phase === "lingering");
  assertEquals([conn.written.join(""), conn.isWriteClosed, conn.isClosed], [
    "+OK\r\n",
    true,
    false,
  ]);
  conn.send("PING\r\n".repeat(100));
  conn.end();
  await served;
  assertEquals([conn.written.join(""), conn.isClosed], ["+OK\r\n", true]);
});

Deno.test("Connection does not listen for ever to a client after the last reply", async () => {
  const { conn, served } = serve();
  conn.send("QUIT\r\n");
  for (let sent = 0; sent < 20; sent++) conn.send("x".repeat(100_000));
  await served;
  assert(conn.isClosed);
});

Deno.test("Connection.finish() ends its side at once for an idle client, and waits for the client's end", async () => {
  const { conn, connection, served } = serve();
  connection.finish(0);
  assertEquals([conn.isWriteClosed, connection.activity.phase], [true, "lingering"]);
  // A request in flight is still read, so that the client sees an end and not a reset.
  conn.send("PING\r\n");
  await until(() => conn.unread === 0);
  assertEquals([conn.isClosed, conn.written], [false, []]);
  conn.end();
  await served;
  assert(conn.isClosed);
});

Deno.test("Connection.finish() gives a client that has just asked something its next reply", async () => {
  const { conn, connection, served } = serve();
  conn.send("PING\r\n");
  await until(() => conn.written.length === 1);
  connection.finish(60_000);
  await settle();
  assertEquals(conn.isWriteClosed, false);
  conn.send("ECHO last\r\n");
  await until(() => conn.isWriteClosed);
  conn.end();
  await served;
  assertEquals(conn.written.join(""), "+PONG\r\n" + bulk("last"));
});

Deno.test("Connection.drain() makes a reply over HTTP say that it is the last, and RESP continues", async () => {
  const http = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const isEarly of [true, false]) {
    const { origin, conn, connection, served } = serve();
    if (isEarly) connection.drain();
    conn.send(http);
    await until(() => origin.reads.length === 1);
    origin.reads[0]!.answer(bytes("A"));
    await until(() => conn.written.length > 0);
    if (!isEarly) {
      assertEquals(conn.written.join("").includes("Connection: close"), false);
      conn.written.length = 0;
      connection.drain();
      conn.send(http);
    }
    await until(() => conn.isWriteClosed);
    assert(conn.written.join("").includes("\r\nConnection: close\r\n"), conn.written.join(""));
    conn.end();
    await served;
  }
  const { conn, connection, served } = serve();
  conn.send("PING\r\n");
  await until(() => conn.written.length === 1);
  connection.drain();
  conn.send("PING\r\n");
  conn.end();
  await served;
  assertEquals(conn.written.join(""), "+PONG\r\n+PONG\r\n");
});

Deno.test("Connection.finish() answers the pending requests first", async () => {
  const { origin, conn, connection, served } = serve();
  conn.send(get("a") + "PING\r\n");
  await until(() => origin.reads.length === 1);
  connection.finish(0);
  assertEquals(conn.isClosed, false);
  origin.reads[0]!.answer(bytes("A"));
  conn.end();
  await served;
  assertEquals(conn.written.join(""), `${bulk("A")}+PONG\r\n`);
});

Deno.test("Connection.serve() does not reject if a client goes away", async () => {
  const errors = [Deno.errors.ConnectionReset, Deno.errors.BrokenPipe, Deno.errors.TimedOut];
  for (const Gone of errors) {
    const { conn, served } = serve();
    conn.send("PING\r\n");
    conn.break(new Gone("gone"));
    await served;
    assert(conn.isClosed);
  }
});

Deno.test("Connection.serve() rejects and closes on a bug", async () => {
  const { conn, served } = serve();
  conn.break(new RangeError("bug"));
  await assertRejects(() => served, RangeError, "bug");
  assert(conn.isClosed);
});

Deno.test("Connection.close() during a read at the origin takes effect after the read", async () => {
  const { origin, conn, connection, served } = serve();
  conn.send(get("a"));
  await until(() => origin.reads.length === 1);
  connection.close();
  connection.close();
  origin.reads[0]!.answer(bytes("A"));
  await served;
  assertEquals(conn.written, []);
});

Deno.test("Connection keeps the protocol of its first line", async () => {
  const { conn, served } = serve();
  conn.send("PING\r\n");
  conn.send("GET /a HTTP/1.1\r\n");
  conn.end();
  await served;
  assertEquals(
    conn.written.join(""),
    "+PONG\r\n-ERR wrong number of arguments for 'get' command\r\n",
  );
});

Deno.test("Connection yields to others while its client sends without end", async () => {
  const { conn, served } = serve();
  const most = 20_000;
  const ping = new TextEncoder().encode("PING\r\n");
  let sent = 0;
  conn.read = (bytes: Uint8Array) => {
    if (conn.reads++ === most) return Promise.resolve(null);
    for (let at = 0; at < bytes.length; at++) bytes[at] = ping[sent++ % ping.length]!;
    return Promise.resolve(bytes.length);
  };
  conn.send("PING\r\n");
  await settle();
  assert(conn.reads < most, "a timer had to wait for all of the client's requests");
  conn.reads = most;
  await served;
});

Deno.test("Connection times a request from its own beginning, even without replies", async () => {
  const { conn, connection, served } = serve();
  conn.send("CLIENT REPLY OFF\r\nPING\r\nPI");
  await until(() => connection.activity.phase === "partial");
  const { since } = connection.activity;
  await until(() => performance.now() > since);
  conn.send("NG\r\nPI");
  await until(() => connection.activity.since > since);
  assertEquals([connection.activity.phase, conn.written], ["partial", []]);
  conn.end();
  await served;
});

/**
 * A client that sends at least `count` requests and reads nothing, so that the proxy reads ahead.
 */
async function stalled(count: number) {
  const it = serve();
  const { conn, connection } = it;
  conn.hold();
  const echoes = Array.from({ length: count }, (_, index) => request("ECHO", `${index}`));
  for (const echo of echoes) conn.send(echo);
  await until(() => connection.activity.phase === "writing");
  assertEquals(conn.unread, count - 1);
  connection.readAhead();
  connection.readAhead();
  await until(() => conn.unread === 0);
  const replies = echoes.map((_, index) => bulk(`${index}`)).join("");
  return { ...it, replies };
}

Deno.test("Connection.readAhead() accepts what a client sends before it reads replies", async () => {
  const { conn, connection, ledger, served, replies } = await stalled(5000);
  assertEquals([conn.written, connection.activity.phase], [[], "writing"]);
  assert(ledger.bytes > 100_000, `${ledger.bytes} bytes counted`);
  conn.release();
  await until(() => connection.activity.phase === "idle");
  conn.send("PING\r\n");
  await until(() => conn.written.at(-1) === "+PONG\r\n");
  conn.send("QUIT\r\n");
  conn.end();
  await served;
  assert(conn.written.join("") === replies + "+PONG\r\n+OK\r\n");
  assertEquals(ledger.bytes, 0);
});

Deno.test("Connection.readAhead() sends all replies to a client that closed its side", async () => {
  const { conn, ledger, served, replies } = await stalled(3000);
  conn.end();
  await until(() => conn.unread === 0);
  conn.release();
  await served;
  assert(conn.written.join("") === replies);
  assertEquals([conn.isClosed, ledger.bytes], [true, 0]);
});

Deno.test("Connection.readAhead() counts sent bytes as progress of a client that reads nothing", async () => {
  const { conn, connection, served } = await stalled(10);
  const { activity: { since }, movedAt } = connection;
  assert(movedAt > since);
  await until(() => performance.now() > movedAt);
  conn.send("PING\r\n");
  await until(() => connection.movedAt > movedAt);
  // If memory is short, the client still counts as reading nothing.
  assertEquals(connection.activity.since, since);
  conn.release();
  await until(() => connection.activity.phase === "idle");
  assertEquals(connection.movedAt, connection.activity.since);
  conn.end();
  await served;
});

Deno.test("Connection.readAhead() stops once the client reads replies", async () => {
  const { conn, connection, served } = await stalled(10);
  conn.release();
  await until(() => connection.activity.phase === "idle");
  conn.hold();
  for (const _ of "abc") {
    conn.send("PING\r\n");
    await settle();
  }
  await until(() => connection.activity.phase === "writing");
  assertEquals(conn.unread, 2);
  conn.release();
  conn.end();
  await served;
});

Deno.test("Connection.cutOff() frees what was read ahead", async () => {
  const { conn, connection, ledger, slow, served } = await stalled(3000);
  connection.cutOff();
  connection.readAhead();
  assertEquals([...slow.clients], []);
  await served;
  assertEquals([conn.written, conn.isClosed, ledger.bytes], [[], true, 0]);
});

Deno.test("Connection.finish() ends a client that was read ahead after the replies under way", async () => {
  const { conn, connection, ledger, served, replies } = await stalled(3000);
  connection.finish(0);
  assertEquals(conn.isClosed, false);
  conn.release();
  await until(() => connection.activity.phase === "lingering");
  assert(conn.isWriteClosed);
  assert(conn.written.length > 0 && replies.startsWith(conn.written.join("")));
  conn.end();
  await served;
  assertEquals(ledger.bytes, 0);
});

Deno.test("Connection.readAhead() leaves a client alone that is told its end", async () => {
  const { conn, connection, served } = serve();
  conn.send("GET /a HTTP/1.1\r\n");
  await until(() => connection.activity.phase === "partial");
  conn.hold();
  const expired = connection.expire();
  assertEquals(connection.activity.phase, "writing");
  const { reads } = conn;
  connection.readAhead();
  await settle();
  assertEquals(conn.reads, reads);
  conn.release();
  await Promise.all([expired, served]);
  assert(conn.isClosed);
});

const HEADER = "PROXY TCP4 192.0.2.77 198.51.100.2 56324 8080\r\n";

/** A connection that must begin with a PROXY protocol header. */
const serveBehindBalancer = () => serve(60_000, true);

Deno.test("Connection behind a load balancer takes the client's address from the header", async () => {
  const { conn, connection, served } = serveBehindBalancer();
  for (const byte of `${HEADER}CLIENT INFO\r\n`) conn.send(byte);
  await until(() => conn.written.length > 0);
  assert(conn.written.join("").includes(" addr=192.0.2.77:56324 laddr=198.51.100.2:8080 "));
  assertEquals(connection.peer.remote, "192.0.2.77:56324");
  // A second header counts as a request.
  conn.written.length = 0;
  conn.send(HEADER);
  await until(() => conn.written.length > 0);
  assert(conn.written.join("").startsWith("-ERR "), conn.written.join(""));
  conn.end();
  await served;
});

Deno.test("Connection behind a load balancer keeps its own address if the header has none", async () => {
  const { conn, connection, served } = serveBehindBalancer();
  conn.send("PROXY UNKNOWN\r\nPING\r\n");
  conn.end();
  await served;
  assertEquals([conn.written.join(""), connection.peer.remote], ["+PONG\r\n", "192.0.2.1:1234"]);
});

Deno.test("Connection behind a load balancer ends silently without a header", async () => {
  for (const text of ["PING\r\n", "GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 nonsense\r\n"]) {
    const { conn, served, lines } = serveBehindBalancer();
    conn.send(text);
    await until(() => conn.isWriteClosed);
    conn.end();
    await served;
    assertEquals(conn.written, []);
    assert(lines[0]!.endsWith("without a PROXY protocol header peer=192.0.2.1:1234"), lines[0]);
  }
  const { conn, connection, served } = serveBehindBalancer();
  assertEquals(connection.activity.phase, "partial");
  conn.send("PROXY TCP4 192");
  await connection.expire();
  await served;
  assertEquals(conn.written, []);
});

Deno.test("Connection without a load balancer ends at a header, and says so", async () => {
  for (const header of [HEADER, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"]) {
    for (const pieces of [[header], [...header]]) {
      const { conn, served, lines } = serve();
      for (const piece of pieces) conn.send(piece);
      conn.send("PING\r\n");
      await until(() => conn.isWriteClosed);
      conn.end();
      await served;
      assertEquals(conn.written, []);
      assertEquals(lines.length, 1);
      assert(lines[0]!.includes("--proxy-protocol require would accept it"), lines[0]);
    }
  }
});

/** How often a connection gave others a turn while it was served: a turn is two digests. */
async function turnsUntil(served: () => Promise<unknown>): Promise<number> {
  const { subtle } = crypto;
  const { digest } = subtle;
  let digests = 0;
  subtle.digest = (...args) => {
    digests++;
    return digest.apply(subtle, args);
  };
  try {
    await served();
  } finally {
    subtle.digest = digest;
  }
  return digests / 2;
}

Deno.test("Connection gives others turns while a client sends nothing but empty requests", async () => {
  const { conn, served } = serve();
  const turns = await turnsUntil(async () => {
    conn.send(`PING\r\n${"*-1\r\n".repeat(400_000)}PING\r\n`);
    conn.end();
    await served;
  });
  assertEquals(conn.written.join(""), "+PONG\r\n+PONG\r\n");
  assert(turns > 5, `${turns} turns`);
});

Deno.test("Connection appends all of a reply that comes in parts, with turns for others", async () => {
  const { origin, conn, served } = serve();
  const keys = Array.from({ length: 30_000 }, (_, index) => `${index % 100}`);
  const turns = await turnsUntil(async () => {
    conn.send(request("MGET", ...keys) + "PING\r\n");
    await until(() => origin.reads.length > 0);
    const [read] = origin.reads;
    read!.answer(...read!.keys.map((key) => bytes(key)));
    conn.end();
    await served;
  });
  assertEquals(origin.reads.length, 1);
  assert(conn.written.join("") === `*30000\r\n${keys.map(bulk).join("")}+PONG\r\n`);
  // After each part of 1,024 keys that are read, and of 8,192 values that are appended.
  assert(turns >= 30 + 3, `${turns} turns`);
});

Deno.test("Connection gives others turns while a client sends requests that take long to read", async () => {
  const { conn, served } = serve();
  const turns = await turnsUntil(async () => {
    conn.send(`ECHO ${"x ".repeat(30_000)}\r\n`.repeat(50));
    conn.end();
    await served;
  });
  assertEquals(conn.written.join("").match(/^-ERR Request too large/gm)!.length, 50);
  assert(turns > 10, `${turns} turns`);
});
