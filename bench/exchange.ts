// The load of exchanges that are always the same, a separate process: each client sends some
// requests in one write, and waits for the whole reply. Optionally, subscribers must have received
// all messages before the next exchange.
//   deno run -A bench/exchange.ts '{"port": 6379, ...}'
import { Buffer } from "node:buffer";
import { Histogram } from "./histogram.ts";
import { close, connect, Poll, read, write } from "./libc.ts";
import { cpuSeconds } from "./proc.ts";

export interface Exchange {
  readonly port: number;
  readonly clients: number;
  /** The bytes that a client sends, and those that it must receive. */
  readonly request: string;
  readonly reply: string;
  /** Subscribers, what each of them sends and receives first, and then for each exchange. */
  readonly subscribers?: {
    readonly count: number;
    readonly request: string;
    readonly reply: string;
    readonly message: string;
  };
  readonly seconds: number;
  readonly server: number;
}

export interface ExchangeResult {
  readonly exchanges: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly serverCpu: number;
  readonly ownCpu: number;
}

const STALLED_MS = 15_000;

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

function run(job: Exchange): ExchangeResult {
  const { subscribers } = job;
  const poll = new Poll();
  const incoming = new Uint8Array(64 * 1024);
  const request = bytesOf(job.request);
  const histogram = new Histogram();
  const clients = Array.from({ length: job.clients }, () => connect(job.port));
  const listeners = Array.from({ length: subscribers?.count ?? 0 }, () => connect(job.port));
  const all = [...clients, ...listeners];
  all.forEach((fd, token) => poll.add(fd, token));
  const left = clients.map(() => 0);
  const begun = clients.map(() => 0);
  /** Bytes of messages that subscribers have not received yet. */
  let unheard = 0;
  let exchanges = 0;

  /** Reads the bytes that have come. Calls `done` for each client or subscriber that got some. */
  const step = (done: (token: number) => void) => {
    const ready = poll.wait(STALLED_MS);
    if (ready === 0) throw new Error("Cannot continue: the server stopped answering");
    for (let index = 0; index < ready; index++) {
      const token = poll.token(index);
      const count = read(all[token]!, incoming);
      if (count < 0) continue;
      if (count === 0) throw new Error("Cannot continue: the server ended a connection");
      if (token < clients.length) left[token]! -= count;
      else unheard -= count;
      if (unheard < 0 || (token < clients.length && left[token]! < 0)) {
        const said = Buffer.from(incoming.buffer, 0, Math.min(count, 200)).toString("latin1");
        throw new Error(`Cannot continue: wrong reply near ${JSON.stringify(said)}`);
      }
      done(token);
    }
  };

  if (subscribers !== undefined) {
    for (const fd of listeners) write(fd, bytesOf(subscribers.request));
    unheard = subscribers.reply.length * listeners.length;
    while (unheard > 0) step(() => {});
  }
  const send = (token: number) => {
    begun[token] = performance.now();
    left[token] = job.reply.length;
    if (subscribers !== undefined) unheard += subscribers.message.length * listeners.length;
    if (write(all[token]!, request) !== request.length) throw new Error("Cannot send a request");
  };
  const before = { server: cpuSeconds(job.server), own: cpuSeconds(Deno.pid) };
  const from = performance.now();
  const end = from + job.seconds * 1000;
  clients.forEach((_, token) => send(token));
  let waiting: number[] = [];
  while (performance.now() < end) {
    step((token) => {
      if (token < clients.length && left[token] === 0) waiting.push(token);
    });
    if (unheard > 0) continue;
    const done = waiting;
    waiting = [];
    for (const token of done) {
      exchanges++;
      histogram.record((performance.now() - begun[token]!) * 1e6);
      send(token);
    }
  }
  const seconds = (performance.now() - from) / 1000;
  const serverCpu = cpuSeconds(job.server) - before.server;
  const ownCpu = cpuSeconds(Deno.pid) - before.own;
  all.forEach(close);
  return {
    exchanges,
    seconds,
    p50: histogram.quantile(0.5) / 1e6,
    p99: histogram.quantile(0.99) / 1e6,
    serverCpu,
    ownCpu,
  };
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(run(JSON.parse(Deno.args[0]!))));
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
