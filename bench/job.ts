// What the load generator is asked to do, and what it answers: JSON either way.
import type { DatasetName, Pattern } from "./dataset.ts";

export interface Job {
  readonly port: number;
  readonly dataset: DatasetName;
  readonly pattern: Pattern;
  /** Keys in one request: 1 is GET, more are MGET. */
  readonly keysPerRequest: number;
  readonly connections: number;
  /** Requests that a connection sends in one write; it then awaits all replies. */
  readonly depth: number;
  /** Before this many seconds have passed, nothing counts. */
  readonly warmup: number;
  /** How long it counts, in seconds. */
  readonly seconds: number;
  /** Batches to be sent per second; null sends the next as soon as the last is answered. */
  readonly rate: number | null;
  /** Ends after the pattern's keys were asked for once; for filling caches. */
  readonly once: boolean;
  readonly seed: number;
  /** Processes whose CPU time is of interest. */
  readonly pids: Readonly<Record<string, number>>;
}

export interface JobResult {
  /** Requests answered while it counted. */
  readonly requests: number;
  readonly seconds: number;
  /** Time of a batch from when it was due to its last byte, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Seconds of CPU time while it counted, of each process and of the generator. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly generatorCpu: number;
  /** Batches whose bytes were compared one by one; all were counted. */
  readonly compared: number;
}
