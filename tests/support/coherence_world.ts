/**
 * A world in miniature around a table: a Redis, the two connections to it as queues, and an observer
 * who knows every value that every key ever had. Each thing that can happen is one step, so that a
 * test decides what overtakes what; the observer tells at once what must never happen.
 *
 * @module
 */
import { Channel, type ChannelOptions } from "../../src/cache/channel.ts";
import type { CacheFlight } from "../../src/cache/entry.ts";
import { Policies, type Policy } from "../../src/cache/policy.ts";
import { Table } from "../../src/cache/table.ts";
import { Entry, Found, type Key, type Millis, type Outcome } from "../../src/core/types.ts";
import { Stats } from "../../src/core/stats.ts";

export const POLICY: Policy = {
  pattern: "*",
  tracked: { value: 1e9, absence: 1e9 },
  untracked: { value: 1e9, absence: 1e9 },
  staleIfError: 0,
  valueLimit: 1e6,
  jitter: 0,
  refreshAfter: Infinity,
};

/** A time during which a key had one value; null is none. */
interface Period {
  readonly value: string | null;
  until: Millis;
  /** When Redis lets the key go. */
  readonly expiresAt: Millis;
}

/** A client's read that has not been answered yet. */
interface Reading {
  /** Its place among all reads: a client gets its answers in that order, as in a pipeline. */
  readonly number: number;
  readonly client: number;
  readonly key: Key;
  readonly startedAt: Millis;
  /** Whether the read at the origin began with it; else it joined one. */
  readonly isStarter: boolean;
  /** Of which period the answer must be at least, by what was known when it started. */
  readonly floor: number;
}

/** What comes over the invalidation connection; with the period that each key is in by then. */
type Message = { periods: [Key, number][]; isFlush: boolean } | { pong: Millis };

/** What comes over the data connection. */
type Reply = { pong: Millis; pair: number } | {
  flight: CacheFlight;
  /** In which period Redis read the key. */
  period: number;
  timeToLive: Millis;
};

export interface WorldOptions {
  readonly keys?: readonly Key[];
  readonly lease?: Millis;
  /** Whether a client asks again before it is answered, and its answers have to be in that order. */
  readonly isPipelined?: boolean;
  readonly policy?: Partial<Policy>;
  readonly table?: typeof Table;
  readonly channel?: new (options: ChannelOptions) => Channel;
}

export class World {
  now: Millis = 1000;
  readonly keys: readonly Key[];
  readonly lease: Millis;
  readonly channel: Channel;
  readonly table: Table;
  readonly stats = new Stats();
  /** What was seen that must never happen. */
  readonly violations: string[] = [];
  answers = 0;
  hits = 0;

  /** Every value of every key, oldest first. */
  readonly #history = new Map<Key, Period[]>();
  #tracked = new Set<Key>();
  /** Whether Redis still has the data connection; the proxy may not know that it has not. */
  #hasData = true;
  #requests: (CacheFlight | { ping: Millis })[] = [];
  #replies: Reply[] = [];
  #messages: Message[] = [];
  /** In which period what the entry of a key holds was read. */
  readonly #periods = new Map<Key, number>();
  readonly #readings = new Map<CacheFlight, Reading[]>();
  /** Of which period each key is known to be at least: by an invalidation, or by each client. */
  readonly #processed = new Map<Key, number>();
  readonly #seen = new Map<string, { number: number; period: number; answeredAt: Millis }[]>();
  #reads = 0;
  #writes = 0;
  #pairs = 0;

  constructor(readonly options: WorldOptions = {}) {
    this.keys = options.keys ?? ["k"];
    this.lease = options.lease ?? 1e9;
    this.channel = new (options.channel ?? Channel)({ mode: "auto", lease: this.lease });
    const policies = new Policies({ ...POLICY, ...options.policy });
    this.table = new (options.table ?? Table)(this.channel, policies, this.stats, {
      entries: 100,
      bytes: 1e6,
    });
    for (const key of this.keys) {
      this.#history.set(key, [{ value: null, until: Infinity, expiresAt: Infinity }]);
    }
    this.table.up(true, this.now);
  }

  /** Requests that Redis can carry out. */
  get requests(): number {
    return this.#hasData ? this.#requests.length : 0;
  }

  get replies(): number {
    return this.#replies.length;
  }

  get messages(): number {
    return this.#messages.length;
  }

  /** Somebody writes a key straight into Redis. */
  write(key: Key, timeToLive = Infinity): void {
    this.#change(key, `${++this.#writes}`, this.now + timeToLive);
    this.#tell(key);
  }

  /** Somebody deletes all keys. */
  flushAll(): void {
    for (const key of this.keys) this.#change(key, null);
    this.#tracked.clear();
    const periods = this.keys.map((key): [Key, number] => [key, this.#last(key)]);
    if (this.#hasData) this.#messages.push({ periods, isFlush: true });
  }

  /** A client reads a key: a hit is answered at once. */
  read(client: number, key: Key, isForced = false): void {
    const { table, now } = this;
    const found = isForced ? undefined : table.find(key, now);
    const floor = this.#processed.get(key) ?? 0;
    const number = this.#reads++;
    if (found !== undefined) {
      this.hits++;
      const period = this.#periods.get(key)!;
      const reading = { number, client, key, startedAt: now, isStarter: false, floor };
      return this.#observe(reading, period, "hit");
    }
    if (isForced) table.bypass(key);
    const joined = isForced ? undefined : table.join(key, now);
    const flight = joined ?? table.begin(key);
    if (joined === undefined) {
      flight.sent(now);
      this.#readings.set(flight, []);
      this.#requests.push(flight);
    }
    const isStarter = joined === undefined;
    this.#readings.get(flight)!.push({ number, client, key, startedAt: now, isStarter, floor });
  }

  /** Redis carries out the next request. */
  execute(): void {
    if (!this.#hasData) return;
    const request = this.#requests.shift()!;
    if (!("key" in request)) {
      this.#replies.push({ pong: request.ping, pair: this.#pairs });
      return;
    }
    const { key } = request;
    this.#expire(key);
    this.#tracked.add(key);
    this.#replies.push({
      flight: request,
      period: this.#last(key),
      timeToLive: this.#history.get(key)!.at(-1)!.expiresAt - this.now,
    });
  }

  /** The proxy gets the next answer of the data connection. */
  reply(): void {
    const reply = this.#replies.shift()!;
    if ("pong" in reply) {
      if (reply.pair === this.#pairs) this.channel.answered("data", reply.pong);
      return;
    }
    const { flight, period, timeToLive } = reply;
    const { key } = flight;
    const { value } = this.#history.get(key)![period]!;
    const bytes = new TextEncoder().encode(value ?? "");
    const found = value === null ? null : new Found(bytes, timeToLive);
    flight.settled(found, this.now);
    if (flight.isStored) this.#periods.set(key, period);
    const readings = this.#readings.get(flight)!;
    this.#readings.delete(flight);
    for (const reading of readings) this.#observe(reading, period, "answer");
  }

  /** The proxy gets the next message of the invalidation connection. */
  message(): void {
    const message = this.#messages.shift()!;
    if ("pong" in message) return this.channel.answered("invalidation", message.pong);
    for (const [key, period] of message.periods) {
      this.#processed.set(key, Math.max(this.#processed.get(key) ?? 0, period));
      if (!message.isFlush) this.table.invalidate(key);
    }
    if (message.isFlush) this.table.flush();
  }

  /** The proxy asks both connections whether they live. */
  probe(): void {
    this.#requests.push({ ping: this.now });
    this.#messages.push({ pong: this.now });
  }

  /** Redis loses the data connection, and the proxy is not told. */
  loseDataSilently(): void {
    this.#hasData = false;
    this.#tracked.clear();
  }

  /**
   * The proxy sees that the pair is lost, and makes a new one. Answers that have come already are
   * still to be processed, and what was not answered is asked again.
   */
  replacePair(): void {
    const unanswered = this.#requests.filter((request) => "key" in request);
    this.#requests = [];
    this.#messages = [];
    this.#tracked.clear();
    this.#hasData = true;
    this.#pairs++;
    this.table.down(this.now);
    this.table.up(true, this.now);
    for (const flight of unanswered) {
      flight.sent(this.now);
      this.#requests.push(flight);
    }
  }

  /** Everything under way arrives; then each key must be as it is in Redis. */
  settle(): void {
    while (this.requests + this.replies + this.messages > 0) {
      if (this.requests > 0) this.execute();
      if (this.replies > 0) this.reply();
      if (this.messages > 0) this.message();
    }
    for (const key of this.keys) {
      this.#expire(key);
      const found = this.table.find(key, this.now);
      const kept = found === undefined ? undefined : textOf(found);
      const { value } = this.#history.get(key)!.at(-1)!;
      if (kept !== undefined && kept !== value) {
        this.violations.push(`convergence: "${key}" is kept as ${kept}, and is ${value}`);
      }
    }
    if (this.table.flying > 0) this.violations.push(`flights: ${this.table.flying} are left`);
  }

  /** All that decides what can happen next, as text: two worlds of the same text have one future. */
  fingerprint(): string {
    const flights = new Map<unknown, number>();
    const number = (flight: unknown) => {
      if (!flights.has(flight)) flights.set(flight, flights.size);
      return flights.get(flight);
    };
    return JSON.stringify([
      this.#requests.map(number),
      this.#replies.map((reply) => "flight" in reply && [number(reply.flight), reply.period]),
      this.#messages,
      this.#hasData,
      this.keys.map((key) => {
        const { entry, flight } = this.table.look(key);
        const kept = entry && [this.#periods.get(key), this.table.holds(entry, this.now)];
        return [
          this.#history.get(key)!.length,
          this.#tracked.has(key),
          kept,
          flight && number(flight),
          this.#processed.get(key),
        ];
      }),
      [...this.#readings].map(([flight, readings]) => [
        number(flight),
        flight.epoch === this.channel.epoch && flight.generation === this.channel.generation,
        readings.map(({ client, number, floor, isStarter, startedAt, key }) => [
          client,
          number,
          floor,
          isStarter,
          this.#periodAt(key, startedAt),
        ]),
      ]),
      [...this.#seen].map(([name, seen]) => [
        name,
        seen.map(({ number, period }) => [number, period]),
      ]),
    ]);
  }

  /** Judges an answer, which was so in a period, against the history of its key. */
  #observe(reading: Reading, index: number, how: string): void {
    this.answers++;
    const { number, client, key, startedAt, isStarter, floor } = reading;
    const history = this.#history.get(key)!;
    const { value, until, expiresAt } = history[index]!;
    const what = `${how} ${value} of "${key}" at ${startedAt}`;
    const oldest = isStarter ? startedAt : startedAt - this.lease;
    if (until < oldest) this.violations.push(`staleness: ${what} was over at ${until}`);
    if (index < floor) this.violations.push(`order: ${what} was known to be over`);
    // Who joins a read that is under way may get what was so when it was carried out.
    const grace = how === "hit" || isStarter ? 0 : this.lease;
    if (startedAt >= expiresAt + grace) {
      this.violations.push(`expiry: ${what} ended at ${expiresAt}`);
    }
    const name = `${client} ${key}`;
    const seen = this.#seen.get(name) ?? [];
    this.#seen.set(name, [...seen, { number, period: index, answeredAt: this.now }]);
    const isBack = seen.some((other) => {
      if (this.options.isPipelined !== true && other.answeredAt > startedAt) return false;
      return other.number < number ? other.period > index : other.period < index;
    });
    if (isBack) this.violations.push(`monotony: ${what} is behind an answer before it`);
  }

  #change(key: Key, value: string | null, expiresAt = Infinity): void {
    const history = this.#history.get(key)!;
    history.at(-1)!.until = this.now;
    history.push({ value, until: Infinity, expiresAt });
  }

  #tell(key: Key): void {
    if (!this.#tracked.delete(key)) return;
    this.#messages.push({ periods: [[key, this.#last(key)]], isFlush: false });
  }

  /** As Redis does: a key whose time is up goes when it is touched. */
  #expire(key: Key): void {
    if (this.now < this.#history.get(key)!.at(-1)!.expiresAt) return;
    this.#change(key, null);
    this.#tell(key);
  }

  #last(key: Key): number {
    return this.#history.get(key)!.length - 1;
  }

  #periodAt(key: Key, moment: Millis): number {
    return this.#history.get(key)!.findIndex(({ until }) => until >= moment);
  }
}

function textOf(outcome: Outcome): string | null {
  const isValue = outcome instanceof Entry && !("isAbsence" in outcome && outcome.isAbsence);
  return isValue ? new TextDecoder().decode(outcome.value) : null;
}
