/**
 * The health of a proxy over a long time: the memory it holds, and errors that it did not expect.
 *
 * @module
 */
import { residentBytes } from "../../bench/proc.ts";
import { scrape } from "./metrics.ts";

/** Time between two samples, in milliseconds. */
const EVERY = 5000;

/** The share of the samples at the start in which memory may still grow. */
const WARM_UP = 0.2;

const MIB = 1024 * 1024;

export interface Memory {
  /** Resident memory in MiB: at the end of the warm-up, at the end, and at most. */
  readonly from: number;
  readonly to: number;
  readonly most: number;
  /** Growth after the warm-up in MiB per hour, by least squares, and its standard error. */
  readonly slope: number;
  readonly error: number;
  /**
   * The lowest memory in use in each tenth of the time after the warm-up, in MiB. Memory in use
   * includes garbage, so only the lowest shows what is kept.
   */
  readonly lows: readonly number[];
}

/** Fewer samples in a tenth of the time may all be taken before a collection of garbage. */
const SAMPLES_OF_LOW = 12;

/** What is kept may grow by this factor from the first three tenths of the time to the last three. */
const KEPT_GROWTH = 1.25;

interface Sample {
  readonly hours: number;
  /** Resident memory. */
  readonly mib: number;
  readonly used: number;
}

export class Health implements Disposable {
  readonly #samples: Sample[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * @param pid The process of the proxy.
   * @param port The port of its admin pages.
   */
  constructor(pid: number, port: number) {
    const begin = performance.now();
    this.#timer = setInterval(async () => {
      const hours = (performance.now() - begin) / 3_600_000;
      const metrics = await scrape(port).catch(() => null); // The proxy may have ended meanwhile.
      if (metrics === null) return;
      const used = metrics.get("memory_used_bytes")! / MIB;
      this.#samples.push({ hours, mib: residentBytes(pid) / MIB, used });
    }, EVERY);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** The memory so far; null if there are too few samples. */
  get memory(): Memory | null {
    const samples = this.#samples.slice(Math.floor(this.#samples.length * WARM_UP));
    return samples.length < 4 ? null : memoryOf(samples);
  }
}

/** Fits a line to samples of memory. */
export function memoryOf(samples: readonly Sample[]): Memory {
  const count = samples.length;
  const mean = (of: (sample: (typeof samples)[number]) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  const hours = mean((sample) => sample.hours);
  const mib = mean((sample) => sample.mib);
  const spread = mean((sample) => (sample.hours - hours) ** 2) * count;
  const slope = mean((sample) => (sample.hours - hours) * (sample.mib - mib)) * count / spread;
  const rest = mean((sample) => (sample.mib - mib - slope * (sample.hours - hours)) ** 2) * count;
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    from: round(samples[0]!.mib),
    to: round(samples.at(-1)!.mib),
    most: round(Math.max(...samples.map((sample) => sample.mib))),
    slope: round(slope),
    error: round(Math.sqrt(rest / (count - 2) / spread)),
    lows: lowsOf(samples).map(round),
  };
}

/** The lowest memory in use in each tenth of the time; none if the time is too short. */
function lowsOf(samples: readonly Sample[]): number[] {
  const size = Math.floor(samples.length / 10);
  if (size < SAMPLES_OF_LOW) return [];
  return Array.from({ length: 10 }, (_, tenth) => {
    const part = samples.slice(tenth * size, (tenth + 1) * size);
    return Math.min(...part.map(({ used }) => used));
  });
}

/** Whether more and more memory is kept. */
export function isLeaking({ lows }: Memory): boolean {
  if (lows.length === 0) return false;
  return Math.min(...lows.slice(-3)) > KEPT_GROWTH * Math.max(...lows.slice(0, 3));
}

/** The lines of a log that report a fault of the program itself. */
export function faultsIn(log: string): string[] {
  return log.split("\n").filter((line) =>
    /Unexpected error|Cannot serve a client|Cannot end a connection/.test(line)
  );
}
