import { assert, assertEquals, assertMatch } from "@std/assert";
import { Ledger } from "../../../src/server/ledger.ts";
import { Entrance } from "../../../src/server/arrival.ts";
import { Http } from "../../../src/http/mod.ts";
import { Log } from "../../../src/core/log.ts";
import { Resp } from "../../../src/resp/mod.ts";
import { Server } from "../../../src/server/server.ts";
import type { Phase } from "../../../src/server/protocol.ts";
import { SlowClients } from "../../../src/server/slow_clients.ts";
import { Stats } from "../../../src/core/stats.ts";
import { httpContext } from "../../support/http_context.ts";
import { RawClient, request } from "../../support/client.ts";
import { makeCache } from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";
import { MemoryConn } from "../../support/memory_conn.ts";
import { respContext } from "../../support/resp_context.ts";

const FOR_EVER: Record<Phase, number> = {
  idle: Infinity,
  partial: Infinity,
  answering: Infinity,
  writing: Infinity,
  lingering: Infinity,
};

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Never came true: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

interface Options {
  maxClients?: number;
  maxRefusals?: number;
  patience?: Partial<Record<Phase, number>>;
  listener?: Deno.Listener;
  isHeaderWanted?: boolean;
}

function serve(options: Options = {}) {
  const { maxClients = 100, maxRefusals = 8, patience = {}, listener, isHeaderWanted = false } =
    options;
  const origin = new FakeOrigin();
  const stats = new Stats();
  const lookup = makeCache(origin, { timeToLive: 60_000 });
  const own = listener ?? Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines: string[] = [];
  const log = new Log("debug", "text", (line) => lines.push(line));
  const server = new Server(own, {
    lookup,
    stats,
    slow: new SlowClients(new Ledger(Infinity), 2 ** 20),
    entrance: new Entrance(
      isHeaderWanted,
      (name, peer) =>
        name === "http" ? new Http(httpContext(), peer) : new Resp(respContext(), peer),
      log,
    ),
  }, {
    maxClients,
    maxRefusals,
    patience: { ...FOR_EVER, ...patience },
  }, log);
  return { server, origin, stats, lines, port: (own.addr as Deno.NetAddr).port };
}

Deno.test("Server serves as many clients as it may, and turns the next away with a reason", async () => {
  const { server, stats, port } = serve({ maxClients: 2 });
  using one = await RawClient.connect(port);
  using two = await RawClient.connect(port);
  assertEquals(await one.exchange("PING\r\n", 7), "+PONG\r\n");
  assertEquals(await two.exchange("PING\r\n", 7), "+PONG\r\n");
  using three = await RawClient.connect(port);
  assertEquals(await three.rest(), "-ERR max number of clients reached\r\n");
  using http = await RawClient.connect(port);
  await http.send("GET / HTTP/1.1\r\n");
  assertMatch(await http.rest(), /^HTTP\/1\.1 503 [^]*\r\nConnection: close\r\n/);
  assertEquals([server.clients, stats.clientsTotal, stats.clientsRefused], [2, 2, 2]);
  two.close();
  await until(() => server.clients === 1);
  using four = await RawClient.connect(port);
  assertEquals(await four.exchange("PING\r\n", 7), "+PONG\r\n");
  await server.stop(0);
});

Deno.test("Server answers each of many silent clients that are too many, a bounded number at a time", async () => {
  const { server, stats, port } = serve({ maxClients: 1, maxRefusals: 2 });
  using one = await RawClient.connect(port);
  assertEquals(await one.exchange("PING\r\n", 7), "+PONG\r\n");
  const silent = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(port)));
  for (const client of silent) {
    assertEquals(await client.rest(), "-ERR max number of clients reached\r\n");
    client.close();
  }
  assertEquals([server.clients, stats.clientsRefused], [1, 30]);
  one.close();
  await until(() => server.clients === 0);
  using two = await RawClient.connect(port);
  assertEquals(await two.exchange("PING\r\n", 7), "+PONG\r\n");
  await server.stop(0);
});

Deno.test("Server behind a load balancer names its client in the log, and turns one away behind a header", async () => {
  const { server, lines, port } = serve({
    maxClients: 1,
    isHeaderWanted: true,
    patience: { partial: 100 },
  });
  using one = await RawClient.connect(port);
  const header = "PROXY TCP4 192.0.2.77 198.51.100.2 56324 8080\r\n";
  await one.send(`${header}*2\r\n`);
  using two = await RawClient.connect(port);
  await two.send(`${header}GET / HTTP/1.1\r\nHost: h\r\n\r\n`);
  assertMatch(await two.rest(), /^HTTP\/1\.1 503 /);
  await one.rest();
  assert(lines.some((line) => line.includes("peer=192.0.2.77:56324 phase=partial")), `${lines}`);
  await server.stop(0);
});

Deno.test("Server warns once of connections that begin with a header, however many do", async () => {
  const { server, lines, port } = serve();
  for (let time = 0; time < 5; time++) {
    using client = await RawClient.connect(port);
    await client.send("PROXY TCP4 192.0.2.77 198.51.100.2 56324 8080\r\nPING\r\n");
    assertEquals(await client.rest(), "");
  }
  assertEquals(lines.length, 1);
  assertMatch(
    lines[0]!,
    / warn {2}Closed a connection with a PROXY protocol header: --proxy-protocol/,
  );
  await server.stop(0);
});

Deno.test("Server disconnects clients that are silent, send half a request, or read no reply", async () => {
  const { server, origin, lines, port } = serve({
    patience: { idle: 100, partial: 100, writing: 100 },
  });
  using idle = await RawClient.connect(port);
  using partial = await RawClient.connect(port);
  using undecided = await RawClient.connect(port);
  using writing = await RawClient.connect(port);
  await partial.send("*2\r\n$3\r\nGET\r\n");
  await undecided.send("GET /");
  await writing.send(request("GET", "large"));
  await until(() => origin.reads.length === 1);
  const size = 64 * 1024 * 1024;
  origin.reads[0]!.answer(new Uint8Array(size));
  assertEquals(await idle.rest() + await partial.rest(), "");
  assertMatch(await undecided.rest(), /^HTTP\/1\.1 408 /);
  await until(() => lines.some((line) => line.includes("phase=writing")));
  // One runtime cancels the write under way, another lets it end as the client reads.
  let received = 0;
  const room = new Uint8Array(2 ** 20);
  for (;;) {
    const count = await writing.conn.read(room).catch(() => null);
    if (count === null) break;
    received += count;
  }
  assert(received < size, `${received} bytes`);
  await until(() => server.clients === 0);
  const phases = lines.map((line) => /phase=(\w+)/.exec(line)?.[1]).sort();
  assertEquals(phases, ["idle", "partial", "partial", "writing"]);
  await server.stop(0);
});

Deno.test("Server does not disconnect a client whose read at the origin is slow", async () => {
  const { server, origin, lines, port } = serve({ patience: { idle: 100, partial: 100 } });
  using client = await RawClient.connect(port);
  using other = await RawClient.connect(port);
  await client.send(request("GET", "key"));
  assertEquals(await other.rest(), ""); // By then a sweep has cut it off.
  assertEquals(lines.length, 1);
  origin.reads[0]!.answer(null);
  assertEquals(await client.text(5), "$-1\r\n");
  await server.stop(0);
});

Deno.test("Server.stop() waits for in-flight replies, and for no idle client", async () => {
  const { server, origin, port } = serve();
  using idle = await RawClient.connect(port);
  using busy = await RawClient.connect(port);
  assertEquals(await idle.exchange("PING\r\n", 7), "+PONG\r\n");
  await busy.send(request("GET", "key"));
  await until(() => origin.reads.length === 1);
  let isStopped = false;
  const stopped = server.stop(60_000).then(() => isStopped = true);
  assertEquals(await idle.rest(), "");
  await until(() => server.clients === 1);
  assertEquals(isStopped, false);
  origin.reads[0]!.answer(null);
  assertEquals(await busy.rest(), "$-1\r\n");
  busy.close();
  await stopped;
  assertEquals(server.clients, 0);
});

Deno.test("Server.stop() waits no longer than its grace, whatever clients do", async () => {
  const { server, origin, port } = serve();
  using deaf = await RawClient.connect(port);
  using waiting = await RawClient.connect(port);
  await deaf.send(request("GET", "large"));
  await until(() => origin.reads.length === 1);
  origin.reads[0]!.answer(new Uint8Array(64 * 1024 * 1024));
  await waiting.send(request("GET", "other"));
  await until(() => origin.reads.length === 2);
  await server.stop(50);
  // The rest ends with the client and the origin.
  deaf.close();
  origin.reads[1]!.answer(null);
  await until(() => server.clients === 0);
});

/** A listener whose `accept` follows the steps of a test. */
function scripted(...steps: (Error | MemoryConn)[]): Deno.Listener {
  let close = () => {};
  const closed = new Promise<never>((_, reject) => {
    close = () => reject(new Deno.errors.BadResource("closed"));
  });
  const listener = {
    addr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    close,
    accept() {
      const step = steps.shift();
      if (step === undefined) return closed;
      return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
    },
  };
  return listener as unknown as Deno.Listener;
}

Deno.test("Server continues after a client that was reset before it was accepted", async () => {
  const conn = Object.assign(new MemoryConn(), { remoteAddr: { transport: "unix" } });
  const { server, lines } = serve({
    listener: scripted(
      new Deno.errors.NotConnected("os error 107"),
      new Deno.errors.ConnectionAborted("os error 103"),
      new Error("Too many open files (os error 24)"),
      conn,
    ),
  });
  conn.send("PING\r\n");
  await until(() => conn.written.length === 1);
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /Cannot accept a client why="Too many open files/);
  await server.stop(0);
});

Deno.test("Server logs a bug with a client by the client's address, and serves the others", async () => {
  const remoteAddr = { transport: "tcp", hostname: "192.0.2.7", port: 4711 };
  const bad = Object.assign(new MemoryConn(), { remoteAddr });
  const good = Object.assign(new MemoryConn(), { remoteAddr });
  const { server, lines } = serve({ listener: scripted(bad, good) });
  bad.break(new RangeError("bug"));
  good.send("PING\r\n");
  await until(() => good.written.length === 1 && lines.length === 1);
  assertMatch(lines[0]!, /error Cannot serve a client peer=192\.0\.2\.7:4711 why=.*bug/);
  assertEquals(server.clients, 1);
  await server.stop(0);
});

Deno.test("Server.relisten() continues with another listener, and keeps its clients", async () => {
  const { server, port } = serve();
  using old = await RawClient.connect(port);
  assertEquals(await old.exchange("PING\r\n", 7), "+PONG\r\n");
  const open = () => Deno.listen({ hostname: "127.0.0.1", port });
  // The second call finds the listener closed already.
  server.relisten(open);
  await server.relisten(open);
  using client = await RawClient.connect(port);
  assertEquals(await client.exchange("PING\r\n", 7), "+PONG\r\n");
  assertEquals(await old.exchange("PING\r\n", 7), "+PONG\r\n");
  server.relisten(open);
  await server.stop(0);
});
