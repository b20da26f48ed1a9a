/**
 * A master that moves, under load: writers and readers, and a judge of each answer.
 *
 * Writes straight to the present master count up. A read through the proxy is late if it is older
 * than a write that was acknowledged so long before the read began. Writes that a failover loses are
 * not counted: when another server becomes the master, what it holds is the truth. It becomes the
 * master when the first of those who decide says so; before, nobody can know.
 *
 * @module
 */
import { Connection, Lost } from "../../src/origin/wire/connection.ts";
import { ReplyError } from "../../src/origin/wire/reply.ts";

const KEY = "failover:written";
const OWN = "failover:own";

/** Writes around a promotion may be lost with the old master. */
const LOSS_MS = 1000;

/** A client that connects again only if its connection ended, as client libraries do. */
export class OrdinaryClient {
  #connection: Connection | null = null;
  /** Connections after the first. */
  reconnects = -1;
  errors = 0;
  readonly messages = new Set<string>();

  constructor(readonly port: number) {}

  /** Sends a command; undefined if it failed. */
  async call(...words: string[]): Promise<unknown> {
    try {
      if (this.#connection === null || this.#connection.loss !== null) {
        this.reconnects++;
        const socket = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
        socket.setNoDelay(true);
        this.#connection = new Connection(socket);
      }
      return await this.#connection.call(...words);
    } catch (error) {
      const isKnown = error instanceof ReplyError || error instanceof Lost ||
        error instanceof Deno.errors.ConnectionRefused;
      if (!isKnown) throw error;
      this.errors++;
      this.messages.add(error.message);
      return undefined;
    }
  }

  close(): void {
    this.#connection?.close("the test is over");
  }
}

/** What was found. */
export interface Verdict {
  readonly reads: number;
  /** How far reads were behind acknowledged writes, at most, in milliseconds. */
  readonly worst: number;
  /** Reads of a client's own key that were older than its own write. */
  readonly lostFromSight: number;
  readonly ownWrites: number;
  readonly reader: OrdinaryClient;
  readonly own: OrdinaryClient;
  /** Moments at which another server became the master. */
  readonly promotions: readonly number[];
  /** Moments of successful writes through the proxy. */
  readonly successes: readonly number[];
}

export class Failover {
  #isOver = false;
  #master: number;
  readonly #writes: { value: number; at: number }[] = [];
  readonly #promotions: number[] = [];
  readonly #successes: number[] = [];
  #last = 0;
  #reads = 0;
  #worst = 0;
  #lostFromSight = 0;
  #ownWrites = 0;
  readonly #reader: OrdinaryClient;
  readonly #own: OrdinaryClient;
  readonly #tasks: Promise<void>[];

  /**
   * @param proxy The port of the proxy.
   * @param master The port of the master.
   * @param named The ports that somebody who decides names as the master now.
   */
  constructor(
    proxy: number,
    master: number,
    readonly named: () => Promise<readonly number[]>,
  ) {
    this.#master = master;
    this.#reader = new OrdinaryClient(proxy);
    this.#own = new OrdinaryClient(proxy);
    this.#tasks = [this.#write(), this.#read(), this.#readOwn(), this.#watch()];
  }

  /** The port of the master. */
  get master(): number {
    return this.#master;
  }

  get successes(): readonly number[] {
    return this.#successes;
  }

  /** Ends the load. */
  async end(): Promise<Verdict> {
    this.#isOver = true;
    await Promise.all(this.#tasks);
    return {
      reads: this.#reads,
      worst: this.#worst,
      lostFromSight: this.#lostFromSight,
      ownWrites: this.#ownWrites,
      reader: this.#reader,
      own: this.#own,
      promotions: this.#promotions,
      successes: this.#successes,
    };
  }

  /** Notices when somebody names another master for the first time. */
  async #watch(): Promise<void> {
    const known = new Set([this.#master]);
    while (!this.#isOver) {
      for (const port of await this.named()) {
        if (known.has(port)) continue;
        known.add(port);
        await this.#promoted(port);
      }
      await pause(5);
    }
  }

  async #promoted(port: number): Promise<void> {
    const client = new OrdinaryClient(port);
    const held = Number(await client.call("GET", KEY) ?? 0);
    this.#promotions.push(performance.now());
    // What the new master does not hold is lost.
    for (let at = this.#writes.length - 1; at >= 0 && this.#writes[at]!.value > held; at--) {
      this.#writes.pop();
    }
    this.#master = port;
    client.close();
  }

  async #write(): Promise<void> {
    let client = new OrdinaryClient(this.#master);
    while (!this.#isOver) {
      const master = this.#master;
      if (client.port !== master) {
        client.close();
        client = new OrdinaryClient(master);
      }
      const value = ++this.#last;
      const said = await Promise.race([client.call("SET", KEY, `${value}`), pause(100)]);
      // What an old master acknowledged after the promotion is lost too.
      if (said === "OK" && master === this.#master) {
        this.#writes.push({ value, at: performance.now() });
      }
      await pause(5);
    }
    client.close();
  }

  async #read(): Promise<void> {
    while (!this.#isOver) {
      const begun = performance.now();
      const answer = await this.#reader.call("GET", KEY);
      if (typeof answer === "string") this.#judge(Number(answer), begun);
      if (answer === undefined || this.#reads % 50 === 0) await pause(1);
    }
    this.#reader.close();
  }

  #judge(value: number, begun: number): void {
    this.#reads++;
    // The first newer write that was acknowledged before the read began.
    let at = this.#writes.length;
    while (at > 0 && this.#writes[at - 1]!.value > value) at--;
    const missed = this.#writes[at];
    if (missed !== undefined) this.#worst = Math.max(this.#worst, begun - missed.at);
  }

  async #readOwn(): Promise<void> {
    for (let value = 1; !this.#isOver; value++) {
      const begun = performance.now();
      if (await this.#own.call("SET", OWN, `${value}`) !== "OK") {
        await pause(5);
        continue;
      }
      const written = performance.now();
      this.#successes.push(written);
      this.#ownWrites++;
      const answer = await this.#own.call("GET", OWN);
      const isUnsure = this.#promotions.some((at) =>
        at > begun - LOSS_MS && at < performance.now() + LOSS_MS
      );
      if (typeof answer === "string" && Number(answer) < value && !isUnsure) this.#lostFromSight++;
      await pause(2);
    }
    this.#own.close();
  }
}

export function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
