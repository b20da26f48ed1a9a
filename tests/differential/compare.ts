/**
 * Runs the same random commands against two servers and compares their replies byte for byte. It
 * uses several connections in both protocols, pipelines, transactions, blocked clients and
 * subscribers.
 *
 * @module
 */
import { type Command, Generator, randomOf, UNORDERED } from "./generator.ts";
import { Client, request, unordered } from "./replies.ts";
import { inSlot } from "./slots.ts";

const CONNECTIONS = 6;
const LONGEST_BATCH = 12;

/** In front of a cluster, pipelines are longer, so that several nodes get several commands each. */
const LONGEST_IN_CLUSTER = 70;
const TAGS = ["a", "b", "c", "d"];

/** A command that two servers answered differently. */
export interface Difference {
  readonly at: number;
  readonly command: string;
  readonly expected: string;
  readonly actual: string;
}

export interface Comparison {
  readonly commands: number;
  readonly differences: readonly Difference[];
}

/**
 * Compares two servers, both empty at first.
 *
 * @param expected Port of the server that is right.
 * @param actual Port of the server that is tested.
 * @param count How many commands to send.
 * @param seed The same seed sends the same commands.
 * @param isCluster Whether the tested one is in front of a cluster. Then the keys of each command
 *   have one slot.
 */
export async function compare(
  expected: number,
  actual: number,
  count: number,
  seed: number,
  isCluster = false,
): Promise<Comparison> {
  const generator = new Generator(randomOf(seed));
  const all = await pairs(expected, actual);
  const run = isCluster ? new ClusterRun(all, generator) : new Run(all, generator);
  try {
    while (run.commands < count && run.differences.length < 20) await run.step();
    return run;
  } finally {
    for (const pair of run.pairs) pair.forEach((client) => client.close());
  }
}

/** One connection to each server. */
type Pair = readonly [expected: Client, actual: Client];

async function pairs(expected: number, actual: number): Promise<Pair[]> {
  return await Promise.all(Array.from({ length: CONNECTIONS }, async (_, index) => {
    const pair = await Promise.all([Client.connect(expected), Client.connect(actual)]);
    for (const client of pair) {
      if (index % 2 === 0) continue;
      await client.send(request(["HELLO", "3"]));
      await client.replies(1);
    }
    return pair;
  }));
}

class Run implements Comparison {
  commands = 0;
  readonly differences: Difference[] = [];

  constructor(readonly pairs: readonly Pair[], readonly generator: Generator) {}

  /** One random action of the clients. */
  async step(): Promise<void> {
    const { generator: g } = this;
    switch (g.below(24)) {
      case 0:
      case 1:
        return await this.#transaction();
      case 2:
        return await this.#watched();
      case 3:
        return await this.#blocked();
      case 4:
        return await this.#subscribed();
      case 5:
        return await this.#elsewhere();
      case 6:
        return await this.#renewed();
      default:
        return await this.batch(this.some(1 + g.below(LONGEST_BATCH)));
    }
  }

  protected some(count: number): Command[] {
    return Array.from({ length: count }, () => this.generator.next());
  }

  /** The same without commands whose members have no fixed order, for a transaction. */
  #ordered(count: number): Command[] {
    return this.some(count).filter(([name]) => !UNORDERED.has(name!.toLowerCase()));
  }

  /** A pipeline over one connection. */
  protected async batch(
    commands: readonly Command[],
    pair = this.generator.pick(this.pairs),
  ): Promise<void> {
    await this.#send(pair, commands);
    await this.#receive(pair, commands);
  }

  /** MULTI and EXEC at once, or command by command. */
  async #transaction(): Promise<void> {
    const { generator: g } = this;
    const pair = g.pick(this.pairs);
    const inner = this.#ordered(g.below(6));
    const commands = [["MULTI"], ...inner, [g.pick(["EXEC", "EXEC", "EXEC", "DISCARD"])]];
    if (g.below(2) === 0) return await this.batch([...commands, ...this.some(2)], pair);
    for (const command of commands) await this.batch([command], pair);
  }

  /** WATCH, maybe a change by another client, and a transaction that may fail. */
  async #watched(): Promise<void> {
    const { generator: g } = this;
    const [one, other] = this.#two();
    const key = g.key("s");
    await this.batch([["WATCH", key], ["GET", key]], one);
    if (g.below(2) === 0) await this.batch([["SET", key, g.value()]], other);
    await this.batch([["MULTI"], ["SET", key, g.value()], ["GET", key], ["EXEC"]], one);
    await this.batch([["GET", key], ["UNWATCH"], ["GET", key]], one);
  }

  /** A blocked client, another one that wakes it, and requests after the blocking one. */
  async #blocked(): Promise<void> {
    const { generator: g } = this;
    const [one, other] = this.#two();
    const waiting = [["DEL", "queue"], ["BLPOP", "queue", "10"], ["GET", g.key("s")]];
    await this.#send(one, waiting);
    // A reply to the first command shows that the second one has begun to wait, or soon will.
    await this.#receive(one, waiting.slice(0, 1));
    await this.batch(
      [["SET", g.key("s"), g.value()], ["RPUSH", "queue", g.value(), "more"]],
      other,
    );
    await this.#receive(one, waiting.slice(1));
  }

  /** A subscriber, a publisher, and the end of the subscription. */
  async #subscribed(): Promise<void> {
    const { generator: g } = this;
    const [one, other] = this.#two();
    await this.#send(one, [["SUBSCRIBE", "channel"], ["PSUBSCRIBE", "ch*"]]);
    await this.#frames(one, 2, "SUBSCRIBE");
    await this.batch([["PUBLISH", "channel", g.value()], ["SET", g.key("s"), g.value()]], other);
    await this.#frames(one, 2, "PUBLISH");
    await this.#send(one, [["UNSUBSCRIBE"], ["PUNSUBSCRIBE"]]);
    await this.#frames(one, 2, "UNSUBSCRIBE");
    await this.batch([["GET", g.key("s")], ["PING"]], one);
  }

  /** A client that selects another database and returns, while others change both. */
  async #elsewhere(): Promise<void> {
    const { generator: g } = this;
    const [one, other] = this.#two();
    const database = `${1 + g.below(2)}`;
    const across = g.pick([
      ["MOVE", g.key("s"), database],
      ["COPY", g.key("s"), g.key("s"), "DB", database],
      ["SWAPDB", "0", database],
      ["FLUSHDB"],
      ["GET", g.key("s")],
    ]);
    const there = [["SELECT", database], ...this.#ordered(g.below(5))];
    const back = [["SELECT", "0"], ["GET", g.key("s")], ...this.some(g.below(3))];
    const commands = g.below(3) === 0
      ? [["MULTI"], ...there, ["EXEC"], ...back]
      : [...there, ...back];
    if (g.below(2) === 0) return await this.batch([...commands, across], one);
    for (const command of commands) {
      await this.batch([command], one);
      if (g.below(4) === 0) await this.batch([across, ["GET", g.key("s")]], other);
    }
  }

  /** A client that sets its name, and sends RESET in the middle of its work. */
  async #renewed(): Promise<void> {
    const { generator: g } = this;
    // RESET returns to RESP2, which every second connection speaks.
    const pair = this.pairs[2 * g.below(this.pairs.length / 2)]!;
    const held = g.pick([
      [["MULTI"], ["SET", g.key("s"), "queued"]],
      [["WATCH", g.key("s")]],
      [["SELECT", "1"]],
      [["CLIENT", "NO-EVICT", "on"]],
      [],
    ]);
    const name = [["CLIENT", "SETNAME", `n${g.below(9)}`], ["CLIENT", "GETNAME"]];
    const ends = [["RESET"], ["CLIENT", "GETNAME"], ["EXEC"], ["GET", g.key("s")]];
    await this.batch([...name, ...held, ...this.some(g.below(3)), ...name, ...ends], pair);
  }

  #two(): [Pair, Pair] {
    const first = this.generator.below(this.pairs.length);
    const step = 1 + this.generator.below(this.pairs.length - 1);
    return [this.pairs[first]!, this.pairs[(first + step) % this.pairs.length]!];
  }

  async #send(pair: Pair, commands: readonly Command[]): Promise<void> {
    const text = commands.map(request).join("");
    await Promise.all(pair.map((client) => client.send(text)));
  }

  async #receive(pair: Pair, commands: readonly Command[]): Promise<void> {
    const count = commands.length;
    const [wanted, found] = await Promise.all(pair.map((client) => client.replies(count)));
    commands.forEach((command, index) => this.#judge(command, wanted![index]!, found![index]!));
  }

  /** Frames of a subscriber, which are pushes in RESP3 and arrays in RESP2. */
  async #frames(pair: Pair, count: number, why: string): Promise<void> {
    for (let index = 0; index < count; index++) {
      const [wanted, found] = await Promise.all(pair.map((client) => client.frame()));
      this.#judge([why], wanted!.text, found!.text);
    }
  }

  #judge(command: Command, wanted: string, found: string): void {
    const at = this.commands++;
    if (wanted === found) return;
    const name = command[0]!.toLowerCase();
    if (UNORDERED.has(name) && unordered(wanted) === unordered(found)) return;
    // Two servers do not round a time at the same moment.
    if (name === "ttl" && Math.abs(secondsOf(wanted) - secondsOf(found)) <= 1) return;
    const [expected, actual] = [wanted, found].map((text) => text.slice(0, 400));
    this.differences.push({
      at,
      command: JSON.stringify(command.map((word) => word.slice(0, 60)).join(" ")),
      expected: JSON.stringify(expected),
      actual: JSON.stringify(actual),
    });
  }
}

/** Only pipelines: a connection of a client's own leads to one node of a cluster. */
class ClusterRun extends Run {
  override async step(): Promise<void> {
    const { generator: g } = this;
    await this.batch(this.some(1 + g.below(LONGEST_IN_CLUSTER)));
  }

  protected override some(count: number): Command[] {
    return super.some(count).flatMap((command) => {
      const own = isShared(command) ? inSlot(command, this.generator.pick(TAGS)) : null;
      return own === null ? [] : [own];
    });
  }
}

/** Whether a command needs no connection of its own. */
function isShared([name]: Command): boolean {
  return !/^(b[lrz].*|xread.*|client|unwatch|nosuch|evalsha|fcall)$/i.test(name!);
}

function secondsOf(reply: string): number {
  return Number(/^:(\d+)\r\n$/.exec(reply)?.[1]);
}
