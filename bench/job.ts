// The job of the load generator, and its result, both as JSON.
import type { DatasetName, Pattern } from "./dataset.ts";

export interface Job {
  readonly port: number;
  readonly dataset: DatasetName;
  readonly pattern: Pattern;
  /** Keys in one request: 1 is GET, more are MGET. */
  readonly keysPerRequest: number;
  readonly connections: number;
  /** Requests that a connection sends in one write before it waits for all replies. */
  readonly depth: number;
  /** Warm-up in seconds, which does not count. */
  readonly warmup: number;
  /** The counted time in seconds. */
  readonly seconds: number;
  /** Batches to send per second; null sends the next one as soon as the last one is answered. */
  readonly rate: number | null;
  /** Whether to end after requesting each key of the pattern once, to fill a cache. */
  readonly once: boolean;
  readonly seed: number;
  /** Processes whose CPU time to measure. */
  readonly pids: Readonly<Record<string, number>>;
}

export interface JobResult {
  /** Requests answered during the counted time. */
  readonly requests: number;
  readonly seconds: number;
  /** Time of a batch from when it was due to its last byte, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** CPU seconds during the counted time, of each process and of the generator. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly generatorCpu: number;
  /** Batches whose bytes were compared; the length of every batch was checked. */
  readonly compared: number;
}
