/**
 * The load of a soak: readers over both protocols, writers straight to the servers, and writers
 * through the proxy. The history judges what they read.
 *
 * @module
 */
import { until } from "../support/serving.ts";
import { type Answer, type Client, HttpClient, RespClient } from "./clients.ts";
import type { History } from "./history.ts";
import type { Rig } from "./rig.ts";

export interface LoadOptions {
  readonly readers: number;
  readonly writers: number;
  /**
   * Writers that write through the proxy. Each has its own keys, and reads them after each reply.
   */
  readonly through?: number;
  readonly keys: number;
  /** The longest pause of a client between two requests, in milliseconds; default: 10. */
  readonly pause?: number;
  /** Length of the values of some keys, in bytes; 0 if all values are short. */
  readonly large?: number;
}

const PAUSE_MS = 10;

/** One in this many keys has large values, if any has. */
const LARGE = 4;

/** An answer that takes longer counts as hung. */
const HUNG = 8000;

/** One in this many keys has a time to live. */
const EXPIRING = 8;

/** One in this many writes deletes the key. */
const DELETING = 10;

/** One in this many reads over RESP is of several keys. */
const SEVERAL = 8;
const SEVERAL_KEYS = 4;

/** Keys of each writer that writes through the proxy. */
const OWN_KEYS = 4;
const OWN = "own:";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const below = (count: number) => Math.floor(Math.random() * count);

/** Whether a key is written through the proxy alone. */
export function isOwn(key: string): boolean {
  return key.startsWith(OWN);
}

export class Load {
  /** The number of error replies, by their first word. */
  readonly errors: Record<string, number> = {};
  /** The slowest answer, in milliseconds. */
  slowest = 0;
  /** All keys, and those that are written directly. */
  readonly keys: readonly string[];
  readonly #foreign: readonly string[];
  readonly #clients: Client[];
  readonly #tasks: Promise<void>[];
  readonly #pause: number;
  #isOver = false;
  #isPaused = false;
  #writing = 0;

  constructor(readonly rig: Rig, readonly history: History, readonly options: LoadOptions) {
    const { readers, writers, keys, through = 0, pause = PAUSE_MS } = options;
    this.#pause = pause;
    this.#foreign = Array.from({ length: keys }, (_, index) => `key:${index}`);
    const own = Array.from({ length: through * OWN_KEYS }, (_, index) => `${OWN}${index}`);
    this.keys = rig.keys = [...this.#foreign, ...own];
    const { port } = rig.proxy;
    this.#clients = Array.from(
      { length: readers },
      (_, index) => index % 2 === 0 ? new RespClient(port) : new HttpClient(port),
    );
    this.#tasks = [
      ...this.#clients.map((client, index) => this.#read(client, index)),
      ...Array.from({ length: writers }, (_, index) => this.#write(index)),
      ...Array.from({ length: through }, (_, index) => this.#pass(index)),
    ];
  }

  /** Lets no write begin, and waits until all have ended. */
  async pauseWrites(): Promise<void> {
    this.#isPaused = true;
    await until(() => this.#writing === 0);
  }

  resumeWrites(): void {
    this.#isPaused = false;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#tasks);
    this.#clients.forEach((client) => client.close());
  }

  async #read(client: Client, reader: number): Promise<void> {
    while (!this.#isOver) {
      const isMany = client instanceof RespClient && below(SEVERAL) === 0;
      const keys = Array.from(
        { length: isMany ? SEVERAL_KEYS : 1 },
        () => this.keys[below(this.keys.length)]!,
      );
      const invoked = performance.now();
      try {
        const answers = isMany ? await client.several(keys) : [await client.get(keys[0]!)];
        const answered = performance.now();
        this.slowest = Math.max(this.slowest, answered - invoked);
        if (answered - invoked > HUNG) this.history.violations.push(`hung: ${keys}`);
        answers.forEach((answer, index) =>
          this.#judge(answer, { reader, key: keys[index]!, invoked, answered })
        );
      } catch (error) {
        this.history.violations.push(`hung or broken: ${(error as Error).message}`);
        return;
      }
      await wait(Math.random() * this.#pause);
    }
  }

  #judge(
    answer: Answer,
    read: { reader: number; key: string; invoked: number; answered: number },
  ): void {
    if ("error" in answer) this.errors[answer.error] = (this.errors[answer.error] ?? 0) + 1;
    else this.history.read({ ...read, value: answer.value && this.#unpad(answer.value) });
  }

  /** Writes the keys of one writer. Each key has one writer, so its versions are in order. */
  async #write(writer: number): Promise<void> {
    const { writers, large = 0 } = this.options;
    const own = this.#foreign.map((name, index) => ({ name, index }))
      .filter(({ index }) => index % writers === writer);
    const client = this.rig.direct();
    for (let version = 1; !this.#isOver; version++) {
      await wait(Math.random() * this.#pause);
      if (this.#isPaused) continue;
      const { name, index } = own[below(own.length)]!;
      const isResting = this.rig.resting.has(name);
      if (isResting && this.history.last(name) === null) continue;
      const isDeleting = isResting || below(DELETING) === 0;
      const isExpiring = !isDeleting && index % EXPIRING === 0;
      const timeToLive = isExpiring ? 50 + below(100) : Infinity;
      const value = isDeleting ? null : `${name}:${version}`;
      this.#writing++;
      const settle = this.history.write(name, value, performance.now(), timeToLive);
      const padded = index % LARGE === 1 ? value?.padEnd(large, ".") : value;
      try {
        const isDone = padded == null
          ? await client.write("DEL", name)
          : await client.write("SET", name, padded, ...isExpiring ? ["PX", `${timeToLive}`] : []);
        settle(isDone ? performance.now() : null);
      } catch {
        // The reply was lost: the write may or may not have happened.
        settle(null);
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
    const { ways } = this.rig;
    for (let version = 1; !this.#isOver; version++) {
      await wait(Math.random() * this.#pause);
      if (this.#isPaused) continue;
      const key = `${OWN}${writer * OWN_KEYS + version % OWN_KEYS}`;
      const value = `${key}:${version}`;
      this.#writing++;
      const settle = this.history.write(key, value, performance.now());
      try {
        const isDone = await ways[below(ways.length)]!(client, key, value);
        settle(isDone ? performance.now() : null);
        if (!isDone) client.close();
        const invoked = performance.now();
        const answer = await client.get(key);
        this.#judge(answer, { reader, key, invoked, answered: performance.now() });
      } catch {
        // The connection was lost, so the write may or may not have happened.
        settle(null);
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
}
