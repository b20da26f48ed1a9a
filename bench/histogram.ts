// Latencies in buckets that grow with the value: 64 per doubling, so exact to 1.6 % at any size,
// with the same small memory for any number of samples.

const PER_DOUBLING = 64;
const DOUBLINGS = 34; // 1 ns to 17 s

/** Counts durations, in nanoseconds. */
export class Histogram {
  readonly #buckets = new Uint32Array(PER_DOUBLING * DOUBLINGS);
  count = 0;

  record(nanos: number): void {
    this.#buckets[bucketOf(nanos)]!++;
    this.count++;
  }

  /**
   * The duration that the share `part` (0 to 1) of all samples does not exceed; NaN without
   * samples.
   */
  quantile(part: number): number {
    if (this.count === 0) return NaN;
    let left = Math.max(1, Math.ceil(this.count * part));
    const { length } = this.#buckets;
    for (let index = 0; index < length; index++) {
      left -= this.#buckets[index]!;
      if (left <= 0) return upperBound(index);
    }
    return upperBound(length - 1);
  }
}

function bucketOf(nanos: number): number {
  const bounded = Math.min(Math.max(1, nanos), 2 ** DOUBLINGS - 1);
  const doubling = 31 - Math.clz32(bounded / 2 ** 3) + 3;
  // Below 8 ns the integer arithmetic above cannot distinguish values: they share one bucket.
  if (bounded < 8) return 0;
  return doubling * PER_DOUBLING +
    Math.floor((bounded / 2 ** doubling - 1) * PER_DOUBLING);
}

function upperBound(index: number): number {
  const doubling = Math.floor(index / PER_DOUBLING);
  return 2 ** doubling * (1 + (index % PER_DOUBLING + 1) / PER_DOUBLING);
}
