/**
 * The health of a proxy over a long time: the memory it holds, and errors that it did not expect.
 *
 * @module
 */
import { residentBytes } from "../../bench/proc.ts";

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
}

export class Health implements Disposable {
  readonly #samples: { readonly hours: number; readonly mib: number }[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param pid The process of the proxy. */
  constructor(pid: number) {
    const begin = performance.now();
    this.#timer = setInterval(() => {
      const hours = (performance.now() - begin) / 3_600_000;
      this.#samples.push({ hours, mib: residentBytes(pid) / MIB });
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
export function memoryOf(
  samples: readonly { readonly hours: number; readonly mib: number }[],
): Memory {
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
  };
}

/** The lines of a log that report a fault of the program itself. */
export function faultsIn(log: string): string[] {
  return log.split("\n").filter((line) =>
    /Unexpected error|Cannot serve a client|Cannot end a connection/.test(line)
  );
}
