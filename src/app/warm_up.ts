/**
 * Fills the cache with keys that were hot before, at a bounded rate, before the proxy says that it is
 * ready. Clients that come meanwhile are served.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import type { Key, Millis } from "../core/types.ts";
import type { DataPath } from "./data_path.ts";

/** How often keys are read, and how many at a time: at most 5,000 a second. */
const PERIOD: Millis = 10;
const BATCH = 50;

/** No more reads are begun while so many are in flight. */
const FLIGHTS = 200;

/** After this time the proxy is ready, warm or not: Redis may be away. */
const PATIENCE: Millis = 10_000;

/** The parts of the cache that are needed. */
export interface Warmed {
  readonly flights: number;
  warm(key: Key): void;
}

export class WarmUp {
  #next = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #start: Millis;

  /** @param mayRead Whether Redis answers reads now. */
  constructor(
    readonly keys: readonly Key[],
    readonly cache: Warmed,
    readonly mayRead: () => boolean,
    readonly log: Log,
    readonly clock: () => Millis = () => performance.now(),
  ) {
    this.#start = clock();
    if (keys.length === 0) return;
    this.#timer = setInterval(() => this.step(), PERIOD);
    Deno.unrefTimer(this.#timer);
  }

  /** Why the proxy is not ready; null if it is warm. */
  get whyNotReady(): string | null {
    if (this.#timer === undefined) return null;
    return `warming up: ${this.#next} of ${this.keys.length} keys`;
  }

  /** Begins the next reads. */
  step(): void {
    const { keys, cache } = this;
    const isLate = this.clock() - this.#start >= PATIENCE;
    if (isLate || (this.#next === keys.length && cache.flights === 0)) {
      this.log.info(isLate ? "Stopped warming up: it takes too long" : "Warmed up", {
        keys: this.#next,
        of: keys.length,
      });
      return this.stop();
    }
    if (!this.mayRead()) return;
    for (let count = 0; count < BATCH && this.#next < keys.length; count++) {
      if (cache.flights >= FLIGHTS) return;
      cache.warm(keys[this.#next++]!);
    }
  }

  /** Reads no more keys. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Saves the keys of the cache, the hottest first. */
export function saveKeys(
  file: { save(keys: Iterable<Key>): number } | null,
  { table, insight }: DataPath,
  log: Log,
): void {
  if (file === null) return;
  const hot = insight.top(Infinity).map(({ key }) => key);
  try {
    const keys = file.save(new Set([...hot.filter((key) => table.has(key)), ...table.keys()]));
    log.info("Saved the names of cached keys", { keys });
  } catch (error) {
    log.error("Cannot save the names of cached keys", { why: (error as Error).message });
  }
}
