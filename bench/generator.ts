// The load generator, a separate process. It requests keys from a RESP server over many
// connections, checks the replies, and measures. It has one thread and no promises, so that its own
// cost per request is close to that of its system calls.
//   deno run -A bench/generator.ts '{"port": 6379, ...}'   (see job.ts)
//
// Requests are prepared before the clock runs, and sent from one long tape. All replies of a data
// set have the same length, so counting bytes finds every reply. The bytes of one batch in 61 are
// compared too. At a fixed rate, a batch counts from when it was due: a server that stalls is
// charged for the batches that had to wait.
import { Buffer } from "node:buffer";
import { type Dataset, DATASETS, order, readOf, replyOf } from "./dataset.ts";
import { Histogram } from "./histogram.ts";
import type { Job, JobResult } from "./job.ts";
import { close, connect, Poll, read, write } from "./libc.ts";
import { cpuSeconds } from "./proc.ts";

const COMPARE_EVERY = 61;
const STALLED_MS = 15_000;
const TAPE_KEYS = 2 ** 19;

/** One client. */
interface Client {
  readonly fd: number;
  /** Bytes still to receive. */
  left: number;
  /** When the batch was sent, or was due. */
  due: number;
  /** The expected reply, if it is compared. */
  wanted: Buffer | null;
}

/** All requests of a run in a row, each of the same length. */
class Tape {
  readonly #indexes: Uint32Array;
  readonly #bytes: Buffer<ArrayBuffer>;
  readonly #requestBytes: number;
  readonly #requests: number;
  readonly replyBytes: number;
  readonly firstByte: number;
  #at = 0;

  constructor(readonly dataset: Dataset, readonly job: Job) {
    const { pattern, keysPerRequest, depth, once } = job;
    const keys = pattern.kind === "one" ? 1 : pattern.keys;
    const wanted = once ? keys : Math.min(TAPE_KEYS, Math.max(keys * 4, 4096));
    this.#requests = Math.ceil(wanted / keysPerRequest / depth) * depth;
    this.#indexes = order(pattern, this.#requests * keysPerRequest, job.seed);
    this.#requestBytes = this.#request(0).length;
    this.#bytes = Buffer.alloc(this.#requests * this.#requestBytes, this.#request(0), "latin1");
    const digits = Array.from(this.#request(0).matchAll(/\d{12}/g), ({ index }) => index);
    for (let index = 0; index < this.#indexes.length; index++) {
      const request = Math.floor(index / keysPerRequest) * this.#requestBytes;
      this.#writeDigits(this.#indexes[index]!, request + digits[index % keysPerRequest]! + 12);
    }
    const reply = this.reply(0, 1);
    this.replyBytes = reply.length;
    this.firstByte = reply[0]!;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Takes the next batch and returns the number of its first request. */
  next(): number {
    const at = this.#at;
    this.#at = at + this.job.depth === this.#requests ? 0 : at + this.job.depth;
    return at;
  }

  batch(at: number): Uint8Array<ArrayBuffer> {
    const size = this.#requestBytes;
    return this.#bytes.subarray(at * size, (at + this.job.depth) * size);
  }

  reply(at: number, requests: number): Buffer {
    const each = this.job.keysPerRequest;
    return Buffer.concat(Array.from({ length: requests }, (_, index) => {
      const first = (at + index) * each;
      return replyOf(this.dataset, this.#indexes.subarray(first, first + each));
    }));
  }

  /** Requests differ only in the last digits of their keys. */
  #writeDigits(value: number, end: number): void {
    const bytes = this.#bytes;
    for (let at = end - 1; at >= end - 12; at--, value = Math.floor(value / 10)) {
      bytes[at] = 0x30 + value % 10;
    }
  }

  #request(index: number): string {
    const each = this.job.keysPerRequest;
    return readOf(this.dataset, this.#indexes.subarray(index * each, (index + 1) * each));
  }
}

class Generator {
  readonly #tape: Tape;
  readonly #poll = new Poll();
  readonly #clients: Client[] = [];
  readonly #idle: Client[] = [];
  readonly #incoming: Uint8Array<ArrayBuffer>;
  #histogram = new Histogram();
  #batches = 0;
  #compared = 0;

  constructor(readonly job: Job) {
    this.#tape = new Tape(DATASETS[job.dataset], job);
    const batchBytes = this.#tape.replyBytes * job.depth;
    this.#incoming = new Uint8Array(Math.min(2 ** 20, Math.max(2 ** 16, batchBytes)));
    for (let index = 0; index < job.connections; index++) {
      const client = { fd: connect(job.port), left: 0, due: 0, wanted: null };
      this.#poll.add(client.fd, index);
      this.#clients.push(client);
      this.#idle.push(client);
    }
  }

  run(): JobResult {
    const { job } = this;
    const begin = performance.now();
    const counting = job.once ? begin : begin + job.warmup * 1000;
    const end = job.once ? Infinity : counting + job.seconds * 1000;
    const limit = job.once ? this.#tape.requests / job.depth : Infinity;
    if (!job.once) this.#loop(begin, counting, Infinity);
    this.#histogram = new Histogram();
    const before = this.#batches;
    const cpuBefore = this.#cpu();
    const from = performance.now();
    this.#loop(from, end, limit);
    const seconds = (performance.now() - from) / 1000;
    const cpuAfter = this.#cpu();
    const cpu = Object.fromEntries(
      Object.entries(cpuAfter).map(([name, value]) => [name, value - cpuBefore[name]!]),
    );
    const { own, ...others } = cpu;
    const histogram = this.#histogram;
    this.#clients.forEach(({ fd }) => close(fd));
    return {
      requests: (this.#batches - before) * job.depth,
      seconds,
      p50: histogram.quantile(0.5) / 1e6,
      p99: histogram.quantile(0.99) / 1e6,
      p999: histogram.quantile(0.999) / 1e6,
      cpu: others,
      generatorCpu: own!,
      compared: this.#compared,
    };
  }

  /** Sends and receives until `end`, or until this many batches are answered. */
  #loop(begin: number, end: number, limit: number): void {
    const { rate } = this.job;
    const pause = rate === null ? 0 : 1000 / rate;
    const first = this.#batches;
    let sent = 0;
    let progress = performance.now();
    for (let now = progress; now < end;) {
      while (this.#idle.length > 0 && sent < limit) {
        const due = rate === null ? now : begin + sent * pause;
        if (due > now) break;
        this.#send(this.#idle.shift()!, due);
        sent++;
      }
      const done = this.#batches;
      // At a fixed rate the generator must not sleep, because it would wake too late.
      const ready = this.#poll.wait(rate === null ? 100 : 0);
      for (let index = 0; index < ready; index++) {
        const client = this.#clients[this.#poll.token(index)]!;
        if (!this.#receive(client)) continue;
        if (rate !== null || sent >= limit) {
          this.#idle.push(client);
          continue;
        }
        this.#send(client, performance.now());
        sent++;
      }
      now = performance.now();
      if (this.#batches !== done || this.#idle.length === this.#clients.length) progress = now;
      if (now - progress > STALLED_MS) {
        throw new Error("Cannot continue: the server stopped answering");
      }
      if (this.#batches - first >= limit) return;
    }
  }

  #send(client: Client, due: number): void {
    const tape = this.#tape;
    const { depth } = this.job;
    const at = tape.next();
    client.due = due;
    client.left = tape.replyBytes * depth;
    client.wanted = this.job.once || this.#batches % COMPARE_EVERY === 0
      ? tape.reply(at, depth)
      : null;
    const batch = tape.batch(at);
    // Earlier requests are answered, so a batch always fits into the socket's buffer.
    if (write(client.fd, batch) !== batch.length) throw new Error("Cannot send a whole batch");
  }

  /** Reads the available bytes; true if the batch is complete. */
  #receive(client: Client): boolean {
    const incoming = this.#incoming;
    const total = this.#tape.replyBytes * this.job.depth;
    const count = read(client.fd, incoming);
    if (count < 0) return false;
    if (count === 0) throw new Error("Cannot continue: the server ended a connection");
    const at = total - client.left;
    const isWrong = count > client.left || (at === 0 && incoming[0] !== this.#tape.firstByte) ||
      (client.wanted !== null &&
        client.wanted.compare(incoming, 0, count, at, at + count) !== 0);
    if (isWrong) {
      const said = Buffer.from(incoming.buffer, 0, Math.min(count, 200)).toString("latin1");
      throw new Error(`Cannot continue: wrong reply near ${JSON.stringify(said)}`);
    }
    client.left -= count;
    if (client.left > 0) return false;
    if (client.wanted !== null) this.#compared++;
    this.#batches++;
    this.#histogram.record((performance.now() - client.due) * 1e6);
    return true;
  }

  #cpu(): Record<string, number> {
    const pids = { ...this.job.pids, own: Deno.pid };
    return Object.fromEntries(
      Object.entries(pids).map(([name, pid]) => [name, cpuSeconds(pid)]),
    );
  }
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(new Generator(JSON.parse(Deno.args[0]!)).run()));
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
