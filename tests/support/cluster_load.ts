/**
 * Load on a cluster, and a judge of each answer.
 *
 * A writer sets and deletes keys straight at the nodes, as a client does that knows clusters. Readers
 * read them through the proxy. A read is late by the time since the operation after the one that it
 * shows was acknowledged. Operations that failed, or that a failover may have lost, are not counted.
 *
 * @module
 */
import { slotOf } from "../../src/core/slot.ts";
import { Connection } from "../../src/origin/wire/connection.ts";
import { ReplyError } from "../../src/origin/wire/reply.ts";
import { OrdinaryClient, pause } from "./failover.ts";

interface Operation {
  /** null deletes the key. */
  readonly value: string | null;
  /** When it was acknowledged. */
  at: number;
  isSure: boolean;
}

/** An operation that took longer may have been executed at any time, in milliseconds. */
const SLOW_MS = 100;

/**
 * What was acknowledged so shortly before a master was lost may be lost, and so may what the last
 * owner of a slot acknowledges so shortly after the slot was taken from it, in milliseconds.
 */
const LOSS_MS = 1000;

export interface ClusterVerdict {
  readonly reads: number;
  readonly worst: number;
  /** What the worst read was of. */
  readonly worstKey: string;
  readonly writes: number;
  readonly ownWrites: number;
  readonly lostFromSight: number;
  readonly readers: readonly OrdinaryClient[];
  readonly own: OrdinaryClient;
}

export class ClusterLoad {
  #isOver = false;
  readonly #histories = new Map<string, Operation[]>();
  readonly #connections = new Map<number, Connection>();
  #lostAt = -Infinity;
  #recoveredAt = -Infinity;
  #takenAt = -Infinity;
  #taken: readonly number[] = [];
  #reads = 0;
  #worst = 0;
  #worstKey = "";
  #writes = 0;
  #ownWrites = 0;
  #lostFromSight = 0;
  readonly #readers: OrdinaryClient[];
  readonly #own: OrdinaryClient;
  readonly #tasks: Promise<void>[];
  /** Whether the writer deletes keys. */
  mayDelete = true;
  /** Slots whose keys are deleted, and not written again. */
  readonly resting = new Set<number>();
  /** Moments of successful writes through the proxy, by slot. */
  readonly successes: { readonly at: number; readonly slot: number }[] = [];

  /**
   * @param proxy The port of the proxy.
   * @param ports The nodes.
   * @param keys The keys.
   */
  constructor(proxy: number, readonly ports: readonly number[], readonly keys: readonly string[]) {
    for (const key of keys) this.#histories.set(key, [{ value: null, at: 0, isSure: true }]);
    this.#readers = [new OrdinaryClient(proxy), new OrdinaryClient(proxy)];
    this.#own = new OrdinaryClient(proxy);
    this.#tasks = [
      ...[0, 1, 2].map((part) => this.#write(part)),
      ...this.#readers.map((reader) => this.#read(reader)),
      this.#readOwn(),
    ];
  }

  /** Slots are taken from their node, with all keys in them. It learns of that a little later. */
  slotsLost(slots: readonly number[]): void {
    this.#takenAt = performance.now();
    this.#taken = slots;
    for (const [key, history] of this.#histories) {
      if (slots.includes(slotOf(key))) history.push({ value: null, at: Infinity, isSure: false });
    }
  }

  /** A master is lost: what it has just acknowledged may be lost too. */
  masterLost(): void {
    this.#lostAt = performance.now();
    this.#recoveredAt = Infinity;
    for (const history of this.#histories.values()) {
      for (const one of history) if (one.at > this.#lostAt - LOSS_MS) one.isSure = false;
    }
  }

  /** Another one has taken over. */
  masterReplaced(): void {
    this.#recoveredAt = performance.now();
  }

  async end(): Promise<ClusterVerdict> {
    this.#isOver = true;
    await Promise.all(this.#tasks);
    for (const connection of this.#connections.values()) connection.close("the test is over");
    return {
      reads: this.#reads,
      worst: this.#worst,
      worstKey: this.#worstKey,
      writes: this.#writes,
      ownWrites: this.#ownWrites,
      lostFromSight: this.#lostFromSight,
      readers: this.#readers,
      own: this.#own,
    };
  }

  async #write(part: number): Promise<void> {
    let count = 0;
    while (!this.#isOver) {
      const key = this.keys[
        (part + 3 * Math.floor(Math.random() * this.keys.length / 3)) %
        this.keys.length
      ]!;
      const history = this.#histories.get(key)!;
      const isResting = this.resting.has(slotOf(key));
      if (isResting && history.at(-1)!.value === null) {
        await pause(1);
        continue;
      }
      const isDeleted = isResting || (this.mayDelete && Math.random() < 0.25);
      const value = isDeleted ? null : `${part}.${++count}`;
      const begun = performance.now();
      const operation: Operation = { value, at: Infinity, isSure: false };
      history.push(operation);
      const words = value === null ? ["DEL", key] : ["SET", key, value];
      const said = await this.#call(slotOf(key), words);
      operation.at = performance.now();
      operation.isSure = said !== undefined && operation.at - begun < SLOW_MS &&
        !this.#isUnsure(begun) && !this.#isTaken(key, begun);
      if (history.length > 400) history.splice(0, 200);
      this.#writes++;
      await pause(1);
    }
  }

  #isTaken(key: string, begun: number): boolean {
    return begun - this.#takenAt < LOSS_MS && this.#taken.includes(slotOf(key));
  }

  #isUnsure(begun: number): boolean {
    return begun > this.#lostAt - LOSS_MS && begun < this.#recoveredAt;
  }

  readonly #places = new Map<number, number>();

  /** Sends a command to the node of a slot, and goes where it is sent. */
  async #call(slot: number, words: string[]): Promise<unknown> {
    let port = this.#places.get(slot) ?? this.ports[0]!;
    let isAsk = false;
    for (let hop = 0; hop < 6; hop++) {
      try {
        const connection = await this.#connect(port);
        const asked = isAsk ? connection.call("ASKING") : null;
        const answer = connection.call(...words);
        await asked;
        const said = await Promise.race([answer, pause(1000)]);
        if (said === undefined) connection.close("silent");
        return said;
      } catch (error) {
        const { message } = error as Error;
        const moved = /^(MOVED|ASK) \d+ .*:(\d+)$/.exec(message);
        if (moved === null) {
          // Another node may know more.
          if (!(error instanceof ReplyError)) this.#places.delete(slot);
          port = this.ports[Math.floor(Math.random() * this.ports.length)]!;
          isAsk = false;
          await pause(20);
          continue;
        }
        port = Number(moved[2]);
        isAsk = moved[1] === "ASK";
        if (!isAsk) this.#places.set(slot, port);
      }
    }
    return undefined;
  }

  async #connect(port: number): Promise<Connection> {
    const present = this.#connections.get(port);
    if (present !== undefined && present.loss === null) return present;
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    const connection = new Connection(socket);
    this.#connections.set(port, connection);
    return connection;
  }

  async #read(reader: OrdinaryClient): Promise<void> {
    while (!this.#isOver) {
      const keys = Array.from(
        { length: Math.random() < 0.2 ? 4 : 1 },
        () => this.keys[Math.floor(Math.random() * this.keys.length)]!,
      );
      const begun = performance.now();
      const answer = keys.length === 1
        ? [await reader.call("GET", keys[0]!)]
        : await reader.call("MGET", ...keys) as unknown[] | undefined;
      for (const [index, key] of keys.entries()) {
        const value = answer?.[index];
        if (value !== undefined) this.#judge(key, value as string | null, begun);
      }
      if (answer?.[0] === undefined || this.#reads % 100 === 0) await pause(1);
    }
    reader.close();
  }

  #judge(key: string, value: string | null, begun: number): void {
    this.#reads++;
    const history = this.#histories.get(key)!;
    let next: Operation | undefined;
    const found = history.findLastIndex((one) => one.value === value);
    if (found < 0) throw new Error(`${key} is ${value}, which nobody has written of late`);
    for (let at = history.length - 1; at > found; at--) if (history[at]!.isSure) next = history[at];
    if (next === undefined || begun - next.at <= this.#worst) return;
    this.#worst = begun - next.at;
    const times = [begun, next.at, this.#takenAt, this.#lostAt].map(Math.round);
    this.#worstKey = `${key} (slot ${slotOf(key)}) is ${value} at ${times[0]}, but ${next.value} ` +
      `since ${times[1]}; slots taken at ${times[2]}, a master lost at ${times[3]}`;
  }

  async #readOwn(): Promise<void> {
    for (let value = 1; !this.#isOver; value++) {
      const key = `own:${value % 30}`;
      const begun = performance.now();
      if (await this.#own.call("SET", key, `${value}`) !== "OK") {
        await pause(5);
        continue;
      }
      this.successes.push({ at: performance.now(), slot: slotOf(key) });
      this.#ownWrites++;
      const answer = await this.#own.call("GET", key);
      const isOld = typeof answer === "string" ? Number(answer) < value : answer === null;
      if (isOld && !this.#isUnsure(begun)) this.#lostFromSight++;
      await pause(2);
    }
    this.#own.close();
  }
}
