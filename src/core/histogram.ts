/**
 * A histogram of durations, in buckets of fixed bounds. It costs no memory per observation.
 * Source: prometheus.io/docs/concepts/metric_types (histogram).
 *
 * @module
 */
import type { Millis } from "./types.ts";

/** The upper bounds of the buckets, in milliseconds. Above the last one there is one more bucket. */
export const BOUNDS: readonly Millis[] = [
  ...[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500],
  ...[1000, 2500, 5000, 10_000],
];

/** Counts durations. */
export class Histogram {
  /** The count of each bucket, not cumulative. */
  readonly counts = new Float64Array(BOUNDS.length + 1);
  /** The sum of all durations, in milliseconds. */
  sum: Millis = 0;

  /** Counts a duration. NaN does not count: it stands for a start that was not recorded. */
  observe(duration: Millis): void {
    if (Number.isNaN(duration)) return;
    let bucket = 0;
    while (bucket < BOUNDS.length && duration > BOUNDS[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += duration;
  }
}

/**
 * Returns a quantile of the durations, in milliseconds; null if there are none. Within a bucket,
 * durations count as evenly spread, as in PromQL.
 *
 * @param counts The counts of a histogram, or their growth.
 * @param part From 0 to 1, such as 0.99.
 */
export function quantileOf(counts: ArrayLike<number>, part: number): Millis | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket]!;
  if (total === 0) return null;
  let below = 0;
  for (let bucket = 0; bucket < BOUNDS.length; bucket++) {
    const count = counts[bucket]!;
    if (count > 0 && below + count >= part * total) {
      const from = bucket === 0 ? 0 : BOUNDS[bucket - 1]!;
      return from + (BOUNDS[bucket]! - from) * (part * total - below) / count;
    }
    below += count;
  }
  return BOUNDS.at(-1)!;
}
