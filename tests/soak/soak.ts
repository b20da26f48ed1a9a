/**
 * The soak: writers write versions to Redis, readers read them through the proxy over both
 * protocols, faults come and go, and every answer is judged.
 *
 * @module
 */
import { until } from "../support/serving.ts";
import { type Client, HttpClient, RespClient } from "./clients.ts";
import { History, type Report } from "./history.ts";
import { faultsIn, Health, type Memory } from "./health.ts";
import { type Fault, Rig } from "./rig.ts";
import { WAYS } from "./through.ts";

export interface SoakOptions {
  readonly seconds: number;
  readonly readers: number;
  readonly writers: number;
  /**
   * Writers that write through the proxy. Each has its own keys, and reads them after each reply.
   */
  readonly through?: number;
  readonly keys: number;
  /** The proxy's lease, in milliseconds. */
  readonly lease: number;
  /** The faults, one after the other at random; none if empty. */
  readonly faults: readonly Fault[];
  readonly onFault?: (name: string) => void;
  /** The time from one fault to the next, in milliseconds; default: at random, about a lease. */
  readonly every?: number;
  /** Whether to measure the memory of the proxy, for which Deno needs all permissions. */
  readonly isMeasured?: boolean;
  /** How Redis announces changes; default: as the proxy chooses. */
  readonly trackingMode?: string;
  /** The server; default: the redis-server on PATH. */
  readonly program?: string;
  /** Length of the values of some keys, in bytes; 0 if all values are short. */
  readonly large?: number;
}

export interface SoakReport extends Report {
  /** The number of error replies, by their first word. */
  readonly errors: Readonly<Record<string, number>>;
  /** The slowest answer, in milliseconds. */
  readonly slowest: number;
  /** Keys that differed from Redis after the quiet period. */
  readonly unequal: readonly string[];
  /** The requests still in flight in the proxy after the last reply, by the names of INFO. */
  readonly leftovers: readonly string[];
  readonly faults: number;
  /** The memory of the proxy; null if it was not measured, or not for long. */
  readonly memory: Memory | null;
  /** Reads at Redis for each write and key; 1 is the minimum. */
  readonly readsPerChange: number;
}

/** The longest pause of a client between two requests, in milliseconds. */
const PAUSE = 10;

/** One in this many keys has large values, if any has. */
const LARGE = 4;

/** An answer that takes longer counts as hung. */
const HUNG = 8000;

/** One in this many keys has a time to live. */
const EXPIRING = 8;

/** These must be zero in the end, within this time: a refresh may run without a client. */
const AT_REST = ["origin_flights", "origin_permits", "origin_waiting", "origin_large_bytes"];
const REST_LIMIT = 3000;

/** Keys of each writer that writes through the proxy. */
const OWN_KEYS = 4;
const OWN = "own:";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { lease, faults, trackingMode = "auto", program } = options;
  await using rig = await Rig.start(lease, ["--tracking-mode", trackingMode], program);
  // The lease, plus the timeout of a probe.
  const bound = faults.length === 0 ? 50 : lease + lease * 2 / 3;
  const run = new Run(rig, new History(bound, (key) => key.startsWith(OWN)), options);
  using health = options.isMeasured === true ? new Health(rig.proxy.process.pid) : null;
  const unequal = await run.all();
  const memory = health?.memory ?? null;
  const leftovers = await leftoversOf(rig.proxy.port);
  run.history.violations.push(...faultsIn(rig.proxy.process.stderr));
  return { ...run.history.report(), ...run.figures(), memory, unequal, leftovers };
}

async function leftoversOf(port: number): Promise<string[]> {
  const client = new RespClient(port);
  const deadline = performance.now() + REST_LIMIT;
  for (;;) {
    const answer = await client.bulk("INFO", "cache");
    const info = "value" in answer ? answer.value ?? "" : answer.error;
    const left = AT_REST.filter((name) => !new RegExp(`^${name}:0\r$`, "m").test(info));
    if (left.length === 0 || performance.now() > deadline) {
      client.close();
      return left;
    }
    await wait(20);
  }
}

class Run {
  readonly #errors: Record<string, number> = {};
  /** All keys, and those that are written directly to Redis. */
  readonly #names: readonly string[];
  readonly #foreign: readonly string[];
  #slowest = 0;
  #faults = 0;
  #isOver = false;
  #isPaused = false;
  #writing = 0;
  #reads = 0;

  constructor(readonly rig: Rig, readonly history: History, readonly options: SoakOptions) {
    const { keys, through = 0 } = options;
    this.#foreign = Array.from({ length: keys }, (_, index) => `key:${index}`);
    const own = Array.from({ length: through * OWN_KEYS }, (_, index) => `${OWN}${index}`);
    this.#names = [...this.#foreign, ...own];
  }

  /** Runs the soak; returns the keys that differ from Redis in the end. */
  async all(): Promise<string[]> {
    const { readers, writers, seconds, faults } = this.options;
    const { port } = this.rig.proxy;
    const clients = Array.from(
      { length: readers },
      (_, index) => index % 2 === 0 ? new RespClient(port) : new HttpClient(port),
    );
    const reading = clients.map((client, index) => this.#read(client, index));
    const writing = Array.from({ length: writers }, (_, index) => this.#write(index));
    const through = Array.from(
      { length: this.options.through ?? 0 },
      (_, index) => this.#pass(index),
    );
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      if (faults.length === 0) await wait(Math.min(100, end - performance.now()));
      else await this.#fail(faults[Math.floor(Math.random() * faults.length)]!);
    }
    this.#isPaused = true;
    await until(() => this.#writing === 0);
    await wait(Math.max(1000, this.options.lease * 2));
    this.#reads = await this.#readsAtRedis();
    const unequal = await this.#compare();
    this.#isOver = true;
    await Promise.all([...reading, ...writing, ...through]);
    clients.forEach((client) => client.close());
    return unequal;
  }

  figures() {
    return {
      errors: this.#errors,
      slowest: Math.round(this.#slowest),
      faults: this.#faults,
      readsPerChange: Math.round(100 * this.#reads / (this.history.writes + this.#names.length)) /
        100,
    };
  }

  /** Runs one fault, for a time that is sometimes longer than the lease. */
  async #fail(fault: Fault): Promise<void> {
    const { rig } = this;
    this.#faults++;
    const beganAt = performance.now();
    this.options.onFault?.(fault.name);
    const vanished = fault.isEvicting ? this.history.vanish(performance.now()) : undefined;
    if (fault.isLossy) {
      this.#isPaused = true;
      await until(() => this.#writing === 0);
      const acknowledge = this.#names.map((key) =>
        this.history.write(key, null, performance.now())
      );
      await fault.begin(rig);
      acknowledge.forEach((one) => one(performance.now()));
      this.#isPaused = false;
    } else {
      await fault.begin(rig);
    }
    await wait(Math.random() * 2 * rig.lease);
    await fault.end?.(rig);
    vanished?.(performance.now());
    const { every } = this.options;
    await wait(
      every === undefined
        ? Math.random() * rig.lease
        : Math.max(0, beganAt + every - performance.now()),
    );
  }

  async #read(client: Client, reader: number): Promise<void> {
    while (!this.#isOver) {
      const key = this.#names[Math.floor(Math.random() * this.#names.length)]!;
      const invoked = performance.now();
      try {
        const answer = await client.get(key);
        const answered = performance.now();
        this.#slowest = Math.max(this.#slowest, answered - invoked);
        if (answered - invoked > HUNG) this.history.violations.push(`hung: ${key}`);
        if ("error" in answer) this.#count(answer.error);
        else {
          const value = answer.value && this.#unpad(answer.value);
          this.history.read({ reader, key, value, invoked, answered });
        }
      } catch (error) {
        this.history.violations.push(`hung or broken: ${(error as Error).message}`);
        return;
      }
      await wait(Math.random() * PAUSE);
    }
  }

  /** Writes the keys of one writer. Each key has one writer, so its versions are in order. */
  async #write(writer: number): Promise<void> {
    const { writers } = this.options;
    const own = this.#foreign.map((name, index) => ({ name, index }))
      .filter(({ index }) => index % writers === writer);
    const client = new RespClient(this.rig.redis.port);
    for (let version = 1; !this.#isOver; version++) {
      await wait(Math.random() * PAUSE);
      if (this.#isPaused) continue;
      const { name, index } = own[Math.floor(Math.random() * own.length)]!;
      const timeToLive = index % EXPIRING === 0 ? 50 + Math.floor(Math.random() * 100) : Infinity;
      const value = `${name}:${version}`;
      this.#writing++;
      const acknowledge = this.history.write(name, value, performance.now(), timeToLive);
      const end = timeToLive === Infinity ? [] : ["PX", `${timeToLive}`];
      try {
        const { large = 0 } = this.options;
        const padded = index % LARGE === 1 ? value.padEnd(large, ".") : value;
        const reply = await client.run("SET", name, padded, ...end);
        if (reply === "+OK") acknowledge(performance.now());
      } catch {
        // The reply was lost: the write may or may not have happened.
      } finally {
        this.#writing--;
      }
    }
    client.close();
  }

  /**
   * Writes the keys of one writer through the proxy, over every kind of lane, and reads each after
   * its reply.
   */
  async #pass(writer: number): Promise<void> {
    const client = new RespClient(this.rig.proxy.port);
    const reader = this.options.readers + writer;
    for (let version = 1; !this.#isOver; version++) {
      await wait(Math.random() * PAUSE);
      if (this.#isPaused) continue;
      const key = `${OWN}${writer * OWN_KEYS + version % OWN_KEYS}`;
      const value = `${key}:${version}`;
      const way = WAYS[Math.floor(Math.random() * WAYS.length)]!;
      this.#writing++;
      const acknowledge = this.history.write(key, value, performance.now());
      try {
        if (await way(client, key, value)) acknowledge(performance.now());
        else client.close();
        const invoked = performance.now();
        const answer = await client.get(key);
        const answered = performance.now();
        if ("error" in answer) this.#count(answer.error);
        else this.history.read({ reader, key, value: answer.value, invoked, answered });
      } catch {
        // The connection was lost, so the write may or may not have happened.
        client.close();
      } finally {
        this.#writing--;
      }
    }
    client.close();
  }

  /** A value as it was before it was made large. */
  #unpad(value: string): string {
    const text = value.replace(/\.+$/, "");
    const isWhole = text === value || value.length === this.options.large;
    return isWhole ? text : `${text}, and ${value.length} bytes`;
  }

  #count(error: string): void {
    this.#errors[error] = (this.#errors[error] ?? 0) + 1;
  }

  async #compare(): Promise<string[]> {
    const through = new RespClient(this.rig.proxy.port);
    const direct = new RespClient(this.rig.redis.port);
    const unequal: string[] = [];
    for (const key of this.#names) {
      const [kept, real] = [await through.get(key), await direct.get(key)];
      if (JSON.stringify(kept) !== JSON.stringify(real)) {
        unequal.push(`${key}: ${JSON.stringify(kept)} is ${JSON.stringify(real)}`);
      }
    }
    through.close();
    direct.close();
    return unequal;
  }

  async #readsAtRedis(): Promise<number> {
    const { callsOf } = await import("../support/serving.ts");
    return await callsOf(this.rig.redis.port, "getrange");
  }
}
