/**
 * All writes and reads on one clock, and the verdict: the age of each answer, and violations.
 *
 * @module
 */

/** One state of one key: written, or removed (null) by a flush or a restart. */
interface State {
  /** Its place among all states of the key. */
  readonly number: number;
  readonly value: string | null;
  readonly invoked: number;
  /** When the writer got the acknowledgement; Infinity before. */
  acknowledged: number;
  /** The time to live in milliseconds. */
  readonly timeToLive: number;
  /** Whether nobody knows if it was executed, when, and whether it is kept. */
  isUnsure: boolean;
}

/** A period in which acknowledged writes may be lost. */
interface Doubt {
  readonly isKey: (key: string) => boolean;
  readonly from: number;
  to: number;
}

/** What was acknowledged so shortly before a master was lost may be lost with it, in milliseconds. */
const LOSS_MS = 1000;

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
  /** Those of which nobody knows whether they were executed, or whether they were kept. */
  readonly unsure: number;
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

/** A key with more states forgets the older half. */
const MOST_STATES = 8000;

/** The error that the clock and the event loop may add to an age. */
const TOLERANCE = 5;

export class History {
  readonly #states = new Map<string, State[]>();
  /** The count of each age, in steps of a tenth of a millisecond. */
  readonly #ages = new Map<number, number>();
  /** The youngest state that each reader has seen of each key. */
  readonly #latest = new Map<string, State>();
  readonly violations: string[] = [];
  reads = 0;
  writes = 0;
  unsure = 0;
  stale = 0;
  strictReads = 0;
  strictStale = 0;
  #max = 0;

  readonly #doubts: Doubt[] = [];

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

  /**
   * From now on, acknowledged writes of these keys may be lost, as those of the last second. Call the
   * returned function when that ends.
   */
  doubt(isKey: Doubt["isKey"], now: number): (now: number) => void {
    const doubt: Doubt = { isKey, from: now, to: Infinity };
    this.#doubts.push(doubt);
    for (const [key, states] of this.#states) {
      if (!isKey(key)) continue;
      for (const state of states) {
        if (state.acknowledged > now - LOSS_MS && state.acknowledged < Infinity) {
          this.#unsettle(state);
        }
      }
    }
    return (now) => doubt.to = now;
  }

  /**
   * A write begins. Call the returned function when it is acknowledged, or with null if nobody knows
   * whether it was executed.
   */
  write(
    key: string,
    value: string | null,
    now: number,
    timeToLive = Infinity,
  ): (now: number | null) => void {
    const states = this.#states.get(key) ?? [];
    this.#states.set(key, states);
    const number = (states.at(-1)?.number ?? -1) + 1;
    const state: State = {
      ...{ number, value, invoked: now, acknowledged: Infinity, timeToLive },
      isUnsure: false,
    };
    states.push(state);
    if (states.length > MOST_STATES) states.splice(0, MOST_STATES / 2);
    this.writes++;
    return (now) => {
      const isDoubtful = now === null ||
        this.#doubts.some(({ isKey, from, to }) => now > from && state.invoked < to && isKey(key));
      if (isDoubtful) this.#unsettle(state);
      else state.acknowledged = now;
    };
  }

  /** The value that was written last; null if it was deleted. */
  last(key: string): string | null {
    return this.#states.get(key)?.at(-1)?.value ?? null;
  }

  #unsettle(state: State): void {
    this.unsure++;
    state.acknowledged = Infinity;
    state.isUnsure = true;
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
    if (state.isUnsure || (this.isStrict(reading.key) && state.acknowledged === Infinity)) {
      return this.#note(0, reading, 0);
    }
    const end = state.acknowledged + state.timeToLive;
    const age = Math.max(reading.invoked - end, this.#ageOf(states, index, reading), 0);
    const own = states.slice(index + 1).filter(({ value }) => value !== null);
    this.#note(age, reading, Math.max(0, this.#ageOf(own, -1, reading)));
    const name = `${reading.reader} ${reading.key}`;
    const before = this.#latest.get(name);
    if (before === undefined || before.isUnsure || before.number <= state.number) {
      this.#latest.set(name, state);
    } else this.#violate(`monotony, after ${before.value}`, reading);
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
      unsure: this.unsure,
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
