/**
 * A model of a table and its surroundings: a Redis, the connections to it as queues, and an observer
 * that knows every value every key ever had. Each event is one step, so a test decides which event
 * overtakes which. The observer reports each violation at once.
 *
 * A read takes two commands, as that of the origin: one for the time, and one for the value.
 *
 * @module
 */
import { Channel, type ChannelOptions } from "../../src/cache/channel.ts";
import type { Entry } from "../../src/cache/entry.ts";
import type { CacheFlight } from "../../src/cache/flight.ts";
import { bytesOf, CacheKey } from "../../src/cache/key.ts";
import { Policies, type Policy } from "../../src/cache/policy.ts";
import { Table } from "../../src/cache/table.ts";
import { Found, type Key, type Millis } from "../../src/core/types.ts";
import { Stats } from "../../src/core/stats.ts";
import type { TrackingMode } from "../../src/origin/follower.ts";

export const POLICY: Policy = {
  pattern: "*",
  tracked: { value: 1e9, absence: 1e9 },
  untracked: { value: 1e9, absence: 1e9 },
  staleIfError: 0,
  valueLimit: 1e6,
  jitter: 0,
  refreshAfter: Infinity,
};

/** A period in which a key had one value; null means no value. */
interface Period {
  readonly value: string | null;
  until: Millis;
  /** When the key expires in Redis. */
  readonly expiresAt: Millis;
}

/** A client's read that is not answered yet. */
interface Reading {
  /** Its number among all reads: a client gets answers in this order, as in a pipeline. */
  readonly number: number;
  readonly client: number;
  readonly key: Key;
  readonly startedAt: Millis;
  /** Whether it started the read at the origin; otherwise it joined one. */
  readonly isStarter: boolean;
  /** The oldest period that the answer may be from, as known when the read started. */
  readonly floor: number;
}

/** A request of the proxy: for a key's time, for its value, or a probe. */
type Request = { flight: CacheFlight; isTime: boolean } | { ping: Millis };

/** A change that Redis announces, with the period of each key at that time. */
interface Change {
  readonly periods: [Key, number][];
  readonly isFlush: boolean;
}

/** A message of the invalidation connection. */
type Message = Change | { pong: Millis };

/** A message of the data connection. */
type Reply = Change | { pong: Millis; pair: number } | {
  flight: CacheFlight;
  /** The period in which Redis read the key. */
  period: number;
  timeToLive: Millis;
};

export interface WorldOptions {
  /** Whether Redis announces changes in line with its replies, or over a second connection. */
  readonly way?: TrackingMode;
  readonly keys?: readonly Key[];
  readonly lease?: Millis;
  /**
   * Whether a client sends more requests before it is answered, so that its answers must be in
   * order.
   */
  readonly isPipelined?: boolean;
  readonly policy?: Partial<Policy>;
  /**
   * The number of other entries in the table; with more than 1,000, it keeps small values packed.
   */
  readonly crowd?: number;
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
  /** The violations seen so far. */
  readonly violations: string[] = [];
  answers = 0;
  hits = 0;

  /** Every value of every key, oldest first. */
  readonly #history = new Map<Key, Period[]>();
  #tracked = new Set<Key>();
  /** Whether Redis still has the data connection; the proxy may not know that it is lost. */
  #hasData = true;
  #requests: Request[] = [];
  #replies: Reply[] = [];
  #messages: Message[] = [];
  /** What Redis said of the time that a key has left, by the flight that it was asked for. */
  readonly #times = new Map<CacheFlight, Millis>();
  /** The period in which the value of a key's entry was read. */
  readonly #periods = new Map<Key, number>();
  readonly #readings = new Map<CacheFlight, Reading[]>();
  /** The oldest period that each key can be in, according to invalidations and clients. */
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
      entries: 10_000,
      bytes: 1e7,
    });
    for (const key of this.keys) {
      this.#history.set(key, [{ value: null, until: Infinity, expiresAt: Infinity }]);
    }
    this.channel.up(true, this.now);
    for (let other = 0; other < (options.crowd ?? 0); other++) {
      const flight = this.table.begin(new CacheKey(`other ${other}`));
      flight.sent(this.now);
      flight.settled(new Found(new Uint8Array(10)), this.now);
    }
  }

  get way(): TrackingMode {
    return this.options.way ?? "redirect";
  }

  /** The number of requests that Redis has received but not executed. */
  get requests(): number {
    return this.#hasData ? this.#requests.length : 0;
  }

  get replies(): number {
    return this.#replies.length;
  }

  get messages(): number {
    return this.#messages.length;
  }

  /** Another program writes a key to Redis. */
  write(key: Key, timeToLive = Infinity): void {
    this.#change(key, `${++this.#writes}`, this.now + timeToLive);
    this.#announce(this.#told(key));
  }

  /** Another program deletes all keys. */
  flushAll(): void {
    for (const key of this.keys) this.#change(key, null);
    this.#tracked.clear();
    const periods = this.keys.map((key): [Key, number] => [key, this.#last(key)]);
    if (this.#hasData) this.#announce({ periods, isFlush: true });
  }

  /** A client reads a key: a hit is answered at once. */
  read(client: number, key: Key, isForced = false): void {
    const { table, now } = this;
    const id = new CacheKey(key);
    const { bytes, from, to } = bytesOf(key);
    const entry = isForced ? undefined : table.find(bytes, from, to, id.hash);
    const floor = this.#processed.get(key) ?? 0;
    const number = this.#reads++;
    if (entry !== undefined && table.holds(entry, now)) {
      this.hits++;
      const period = this.#periods.get(key)!;
      const reading = { number, client, key, startedAt: now, isStarter: false, floor };
      return this.#observe(reading, period, "hit");
    }
    if (isForced) table.bypass(id);
    const joined = isForced ? undefined : table.join(key, now);
    const flight = joined ?? table.begin(id);
    if (joined === undefined) {
      flight.sent(now);
      this.#readings.set(flight, []);
      this.#send(flight);
    }
    const isStarter = joined === undefined;
    this.#readings.get(flight)!.push({ number, client, key, startedAt: now, isStarter, floor });
  }

  /** Redis executes the next request. */
  execute(): void {
    if (!this.#hasData) return;
    const request = this.#requests.shift()!;
    if ("ping" in request) {
      this.#replies.push({ pong: request.ping, pair: this.#pairs });
      return;
    }
    const { flight, isTime } = request;
    const { key } = flight;
    const expiry = this.#expire(key);
    this.#tracked.add(key);
    const { value, expiresAt } = this.#history.get(key)!.at(-1)!;
    if (isTime) this.#times.set(flight, value === null ? 0 : expiresAt - this.now);
    else this.#replies.push({ flight, period: this.#last(key), timeToLive: this.#timeOf(flight) });
    // As in Redis, what a command itself changes is announced behind its reply.
    this.#announce(expiry);
  }

  /** The proxy receives the next answer of the data connection. */
  reply(): void {
    const reply = this.#replies.shift()!;
    if ("periods" in reply) return this.#hear(reply);
    if ("pong" in reply) {
      if (reply.pair !== this.#pairs) return;
      this.channel.answered("data", reply.pong);
      if (this.way === "inline") this.channel.answered("invalidation", reply.pong);
      return;
    }
    const { flight, period, timeToLive } = reply;
    const { key } = flight;
    const { value } = this.#history.get(key)![period]!;
    const bytes = new TextEncoder().encode(value ?? "");
    const found = value === null ? null : new Found(bytes, timeToLive);
    flight.await(null, {
      landed: (_, { entry }) => {
        if (entry !== undefined) this.#periods.set(key, period);
      },
    });
    flight.settled(found, this.now);
    const readings = this.#readings.get(flight)!;
    this.#readings.delete(flight);
    for (const reading of readings) this.#observe(reading, period, "answer");
  }

  /** The proxy receives the next message of the invalidation connection. */
  message(): void {
    const message = this.#messages.shift()!;
    if ("pong" in message) this.channel.answered("invalidation", message.pong);
    else this.#hear(message);
  }

  /** The proxy probes its connections. */
  probe(): void {
    this.#requests.push({ ping: this.now });
    if (this.way === "redirect") this.#messages.push({ pong: this.now });
  }

  /** Redis loses the data connection, and the proxy does not notice. */
  loseDataSilently(): void {
    this.#hasData = false;
    this.#tracked.clear();
  }

  /**
   * The proxy notices that its connections are lost and makes new ones. It still processes answers that have
   * arrived, and repeats reads that were not answered.
   */
  replacePair(): void {
    const unanswered = new Set<CacheFlight>();
    for (const request of this.#requests) {
      if ("flight" in request) unanswered.add(request.flight);
    }
    this.#requests = [];
    this.#messages = [];
    this.#tracked.clear();
    this.#hasData = true;
    this.#pairs++;
    this.channel.down(this.now);
    this.channel.up(true, this.now);
    for (const flight of unanswered) {
      flight.sent(this.now);
      this.#send(flight);
    }
  }

  /** Everything in flight arrives; then each key must be as in Redis. */
  settle(): void {
    while (this.requests + this.replies + this.messages > 0) {
      if (this.requests > 0) this.execute();
      if (this.replies > 0) this.reply();
      if (this.messages > 0) this.message();
    }
    for (const key of this.keys) {
      const expiry = this.#expire(key);
      if (expiry !== null) this.#hear(expiry);
      const { entry } = this.table.look(new CacheKey(key));
      const kept = entry && this.table.holds(entry, this.now) ? textOf(entry) : undefined;
      const { value } = this.#history.get(key)!.at(-1)!;
      if (kept !== undefined && kept !== value) {
        this.violations.push(`convergence: "${key}" is kept as ${kept}, and is ${value}`);
      }
    }
    if (this.table.flying > 0) this.violations.push(`flights: ${this.table.flying} are left`);
  }

  /** The state that decides what can happen next, as text: equal texts have equal futures. */
  fingerprint(): string {
    const flights = new Map<unknown, number>();
    const number = (flight: unknown) => {
      if (!flights.has(flight)) flights.set(flight, flights.size);
      return flights.get(flight);
    };
    return JSON.stringify([
      this.#requests.map((one) => "flight" in one && [number(one.flight), one.isTime]),
      this.#replies.map((one) =>
        "flight" in one ? [number(one.flight), one.period, one.timeToLive] : one
      ),
      [...this.#times].map(([flight, time]) => [number(flight), time]),
      this.#messages,
      this.#hasData,
      this.keys.map((key) => {
        const { entry, flight } = this.table.look(new CacheKey(key));
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

  /** Compares an answer from a period with the history of its key. */
  #observe(reading: Reading, index: number, how: string): void {
    this.answers++;
    const { number, client, key, startedAt, isStarter, floor } = reading;
    const history = this.#history.get(key)!;
    const { value, until, expiresAt } = history[index]!;
    const what = `${how} ${value} of "${key}" at ${startedAt}`;
    const oldest = isStarter ? startedAt : startedAt - this.lease;
    if (until < oldest) this.violations.push(`staleness: ${what} was over at ${until}`);
    if (index < floor) this.violations.push(`order: ${what} was known to be over`);
    // A client that joins a read may get the value from when Redis executed it. And a change between
    // the time and the value is known in time only where it is announced in line.
    const isExact = isStarter || (how === "hit" && this.way === "inline");
    const grace = isExact ? 0 : this.lease;
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

  /** The proxy asks for the time and for the value of a key. */
  #send(flight: CacheFlight): void {
    this.#requests.push({ flight, isTime: true }, { flight, isTime: false });
  }

  #timeOf(flight: CacheFlight): Millis {
    const time = this.#times.get(flight)!;
    this.#times.delete(flight);
    return time;
  }

  /** What Redis tells the proxy of a change; null if it has not read the key. */
  #told(key: Key): Change | null {
    if (!this.#tracked.delete(key)) return null;
    return { periods: [[key, this.#last(key)]], isFlush: false };
  }

  #announce(change: Change | null): void {
    if (change === null) return;
    if (this.way === "inline") this.#replies.push(change);
    else this.#messages.push(change);
  }

  /** The proxy is told of a change. */
  #hear({ periods, isFlush }: Change): void {
    for (const [key, period] of periods) {
      this.#processed.set(key, Math.max(this.#processed.get(key) ?? 0, period));
      if (!isFlush) this.table.invalidate(key);
    }
    if (isFlush) this.table.flush();
  }

  /** As in Redis, an expired key is removed when it is accessed; returns what is told of that. */
  #expire(key: Key): Change | null {
    if (this.now < this.#history.get(key)!.at(-1)!.expiresAt) return null;
    this.#change(key, null);
    return this.#told(key);
  }

  #last(key: Key): number {
    return this.#history.get(key)!.length - 1;
  }

  #periodAt(key: Key, moment: Millis): number {
    return this.#history.get(key)!.findIndex(({ until }) => until >= moment);
  }
}

function textOf({ isAbsence, value }: Entry): string | null {
  return isAbsence ? null : new TextDecoder().decode(value);
}
