/**
 * All writes and reads on one clock, and the verdict: the age of each answer, and violations.
 *
 * @module
 */

/** One state of one key: written, or removed (null) by a flush or a restart. */
interface State {
  readonly value: string | null;
  readonly invoked: number;
  /** When the writer got the acknowledgement; Infinity before. */
  acknowledged: number;
  /** The time to live in milliseconds. */
  readonly timeToLive: number;
}

/** An answered read of a key. */
export interface Reading {
  /** The connection; its answers must not go back in time. */
  readonly reader: number;
  readonly key: string;
  readonly value: string | null;
  readonly invoked: number;
  readonly answered: number;
}

export interface Report {
  readonly reads: number;
  readonly writes: number;
  /** Answers that were not the latest acknowledged value at the time of the request. */
  readonly stale: number;
  /** The ages of answers in milliseconds; 0 for the latest value. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Reads of keys that are written through the proxy: none may be older than a reply to a write. */
  readonly strictReads: number;
  readonly strictStale: number;
  readonly violations: readonly string[];
}

/** The error that the clock and the event loop may add to an age. */
const TOLERANCE = 5;

export class History {
  readonly #states = new Map<string, State[]>();
  /** The count of each age, in steps of a tenth of a millisecond. */
  readonly #ages = new Map<number, number>();
  readonly #latest = new Map<string, number>();
  readonly violations: string[] = [];
  reads = 0;
  writes = 0;
  stale = 0;
  strictReads = 0;
  strictStale = 0;
  #max = 0;

  /** The periods in which keys could disappear by themselves, as by eviction. */
  readonly #vanishings: { readonly from: number; to: number }[] = [];

  /**
   * Makes a history without events.
   *
   * @param bound The largest allowed age of an answer, in milliseconds.
   * @param isStrict Whether a key is written through the proxy, so that no answer may have an age.
   */
  constructor(readonly bound: number, readonly isStrict: (key: string) => boolean = () => false) {}

  /** From now on, any key may disappear by itself. Call the returned function when that ends. */
  vanish(now: number): (now: number) => void {
    const vanishing = { from: now, to: Infinity };
    this.#vanishings.push(vanishing);
    return (now) => vanishing.to = now;
  }

  /** A write begins. Call the returned function when it is acknowledged. */
  write(
    key: string,
    value: string | null,
    now: number,
    timeToLive = Infinity,
  ): (t: number) => void {
    const state = { value, invoked: now, acknowledged: Infinity, timeToLive };
    const states = this.#states.get(key);
    if (states === undefined) this.#states.set(key, [state]);
    else states.push(state);
    this.writes++;
    return (now) => state.acknowledged = now;
  }

  /** Judges a read. */
  read(reading: Reading): void {
    this.reads++;
    const states = this.#states.get(reading.key) ?? [];
    if (reading.value === null) return this.#readNothing(reading, states);
    const index = states.findLastIndex(({ value }) => value === reading.value);
    const state = states[index];
    if (state === undefined || state.invoked > reading.answered) {
      return this.#violate("invention", reading);
    }
    // A write without a reply may be executed at any later time, even after newer ones.
    if (this.isStrict(reading.key) && state.acknowledged === Infinity) {
      return this.#note(0, reading, 0);
    }
    const end = state.acknowledged + state.timeToLive;
    const age = Math.max(reading.invoked - end, this.#ageOf(states, index, reading), 0);
    const own = states.slice(index + 1).filter(({ value }) => value !== null);
    this.#note(age, reading, Math.max(0, this.#ageOf(own, -1, reading)));
    const name = `${reading.reader} ${reading.key}`;
    const before = this.#latest.get(name) ?? -1;
    if (index < before) this.#violate(`monotony, after ${states[before]!.value}`, reading);
    this.#latest.set(name, Math.max(before, index));
  }

  /** "No value" is right before the first write, after a flush, and after the expiry. */
  #readNothing(reading: Reading, states: readonly State[]): void {
    let youngest = this.#ageOf(states, -1, reading);
    for (let index = states.length - 1; index >= 0 && youngest > 0; index--) {
      const { value, invoked, timeToLive } = states[index]!;
      const isGone = value === null || reading.answered >= invoked + timeToLive - TOLERANCE ||
        this.#vanishings.some(({ from, to }) => invoked <= to && reading.answered >= from);
      if (isGone) youngest = Math.min(youngest, this.#ageOf(states, index, reading));
    }
    youngest = Math.max(0, youngest);
    this.#note(youngest, reading, youngest);
  }

  /**
   * How long a later state had been acknowledged when the read began; negative if none had been.
   */
  #ageOf(states: readonly State[], index: number, { invoked }: Reading): number {
    let age = -Infinity;
    for (let next = index + 1; next < states.length; next++) {
      const { acknowledged } = states[next]!;
      if (acknowledged === Infinity) continue;
      age = invoked - acknowledged;
      break;
    }
    return age;
  }

  /**
   * Counts a read.
   *
   * @param own The age if only the writers of the key count, and not what a fault removed.
   */
  #note(age: number, reading: Reading, own: number): void {
    const step = Math.round(age * 10);
    this.#ages.set(step, (this.#ages.get(step) ?? 0) + 1);
    if (age > 0) this.stale++;
    this.#max = Math.max(this.#max, age);
    const isStrict = this.isStrict(reading.key);
    if (isStrict) this.strictReads++;
    const isLate = isStrict && own > 0;
    if (isLate) this.strictStale++;
    // For a strict key, one clock has both moments: that of the reply to its writer, and that of
    // the request. What a fault removes is not written through the proxy.
    if (isLate || age > this.bound + TOLERANCE) {
      this.#violate(`staleness of ${age.toFixed(1)} ms`, reading);
    }
  }

  #violate(what: string, { reader, key, value, invoked }: Reading): void {
    if (this.violations.length > 20) return;
    this.violations.push(
      `${what}: reader ${reader} had ${key} = ${value} at ${invoked.toFixed(1)}`,
    );
  }

  report(): Report {
    const steps = [...this.#ages].sort(([a], [b]) => a - b);
    const total = steps.reduce((sum, [, count]) => sum + count, 0);
    const quantile = (part: number) => {
      let left = Math.ceil(part * total);
      for (const [step, count] of steps) {
        left -= count;
        if (left <= 0) return step / 10;
      }
      return 0;
    };
    return {
      reads: this.reads,
      writes: this.writes,
      stale: this.stale,
      p50: quantile(0.5),
      p99: quantile(0.99),
      p999: quantile(0.999),
      strictReads: this.strictReads,
      strictStale: this.strictStale,
      max: Math.round(this.#max * 10) / 10,
      violations: this.violations,
    };
  }
}
