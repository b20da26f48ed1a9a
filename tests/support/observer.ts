/**
 * Observes the reads of clients in a model: knows every version that every key ever had, and reports
 * each answer that breaks a promise.
 *
 * @module
 */
import type { ReadThrough } from "../../src/cache/read_through.ts";
import type { Later } from "../../src/core/later.ts";
import { type Answer, Failure, type Key, type Millis, NO_TERMS } from "../../src/core/types.ts";

/** A client's read. */
interface Reading {
  readonly number: number;
  readonly client: number;
  readonly key: Key;
  readonly startedAt: Millis;
  /** The version that the client knew when it asked. */
  readonly floor: number;
  readonly mustBeCurrent: boolean;
  readonly answer: Answer | Later<Answer>;
  version: number | null;
  answeredAt: Millis;
}

export class Observer {
  readonly violations: string[] = [];
  readonly #versions = new Map<Key, { version: number; at: Millis }[]>();
  readonly #readings: Reading[] = [];
  readonly #open = new Set<Reading>();
  readonly #known = new Map<string, number>();
  /** When reads of a key were last sent on: then those of one pipeline may overtake each other. */
  readonly #sentOnAt = new Map<Key, Millis>();

  constructor(readonly lease: Millis, readonly clock: () => Millis) {}

  get answers(): number {
    return this.#readings.length - this.#open.size;
  }

  written(key: Key, version: number): void {
    const versions = this.#versions.get(key) ?? [];
    versions.push({ version, at: this.clock() });
    this.#versions.set(key, versions);
  }

  /** A read of a key is sent on to another server. */
  sentOn(key: Key): void {
    this.#sentOnAt.set(key, this.clock());
  }

  /** A client knows a version. */
  knows(client: number, key: Key, version: number): void {
    const name = `${client} ${key}`;
    this.#known.set(name, Math.max(this.#known.get(name) ?? 0, version));
  }

  read(cache: ReadThrough, client: number, key: Key, mustBeCurrent: boolean): void {
    const now = this.clock();
    const floor = this.#known.get(`${client} ${key}`) ?? 0;
    const terms = mustBeCurrent ? { ...NO_TERMS, maxAge: 0 } : NO_TERMS;
    const number = this.#readings.length;
    const reading: Reading = {
      ...{ number, client, key, startedAt: now, floor, mustBeCurrent },
      answer: cache.get(key, now, terms),
      ...{ version: null, answeredAt: Infinity },
    };
    this.#readings.push(reading);
    this.#open.add(reading);
    this.look();
  }

  /** Judges the answers that have come. */
  look(): void {
    for (const reading of this.#open) {
      const { answer } = reading;
      const isLater = answer !== null && "isKnown" in answer;
      if (isLater && !answer.isKnown) continue;
      this.#open.delete(reading);
      reading.answeredAt = this.clock();
      const value = isLater ? answer.value : answer;
      if (value instanceof Uint8Array) {
        reading.version = Number(new TextDecoder().decode(value));
        this.#judge(reading, reading.version);
      } else {
        const why = value instanceof Failure ? value.message : "nothing";
        this.violations.push(`${why}: read ${reading.number} of "${reading.key}"`);
      }
    }
  }

  #judge(reading: Reading, version: number): void {
    const { client, key, startedAt, floor, number, mustBeCurrent } = reading;
    const what = `read ${number} of "${key}" by ${client} got ${version}`;
    const next = this.#versions.get(key)?.find((one) => one.version > version)?.at ?? Infinity;
    if (next < startedAt - (mustBeCurrent ? 0 : this.lease)) {
      this.violations.push(`stale: ${what}`);
    }
    if (version < floor) this.violations.push(`own write or earlier read: ${what}, knew ${floor}`);
    const isBack = this.#readings.some((other) => {
      if (other.client !== client || other.key !== key || other.version === null) return false;
      const [first, last] = other.number < number ? [other, reading] : [reading, other];
      // An entry may be proven anew while a read of its key is in flight.
      const isHit = last.startedAt === last.answeredAt && first.answeredAt > last.startedAt;
      const isSentOn = (this.#sentOnAt.get(key) ?? 0) >= first.startedAt;
      return first.version! > last.version! && !isHit && !isSentOn;
    });
    if (isBack) this.violations.push(`back: ${what}`);
    this.knows(client, key, version);
  }
}
