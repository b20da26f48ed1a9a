/**
 * The writing half of a connection: replies are appended to its output, and written in order.
 *
 * Replies that are not written at once are counted in memory (slow_clients.ts). Anyone may append
 * bytes and flush at any time, even during a write: the bytes follow it. A caller that must not
 * outpace the client waits for the flush.
 *
 * @module
 */
import type { Activity } from "./activity.ts";
import { Output, type Sink } from "./output.ts";
import type { Stats } from "../core/stats.ts";
import type { Service } from "./service.ts";
import { COUNTED_BYTES, type SlowClient, type SlowClients } from "./slow_clients.ts";
import type { Millis } from "../core/types.ts";

export class Writer {
  readonly output = new Output();
  readonly slow: SlowClients;
  readonly #stats: Pick<Stats, "bytesOut">;
  #isBusy = false;
  /** Whether the replies that are being written are counted. */
  #isCounted = false;
  /** The number of sweeps when the write began. */
  #sweeps = 0;
  /** The callers that wait for the end of the current write. */
  #waiters: (() => void)[] | null = null;

  constructor(
    readonly sink: Sink,
    readonly activity: Activity,
    service: Pick<Service, "slow" | "stats">,
    readonly client: SlowClient,
  ) {
    this.slow = service.slow;
    this.#stats = service.stats;
  }

  /** Whether a write is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /**
   * Begins to write the output; no write may be under way.
   *
   * @returns The first piece to write; `undefined` if there is none. Write each piece, then call
   *   `took`.
   */
  begin(now: Millis): Uint8Array | undefined {
    const { output, slow } = this;
    const { length } = output;
    if (length === 0) return undefined;
    this.#isBusy = true;
    this.activity.enter("writing", now);
    this.#sweeps = slow.sweeps;
    this.#isCounted = length >= COUNTED_BYTES;
    if (this.#isCounted) this.count(now);
    const piece = output.next();
    if (piece === undefined) this.#end(); // Counting it has cut the client off.
    return piece;
  }

  /**
   * The client has taken this many bytes of a piece. Returns the next piece; `undefined` at the
   * end.
   */
  took(count: number): Uint8Array | undefined {
    const { output, slow } = this;
    output.took(count);
    this.#stats.bytesOut += count;
    // Reads the clock only if the write takes long: if it is counted, or has seen a sweep.
    if (this.#isCounted || slow.sweeps !== this.#sweeps) this.activity.progress(performance.now());
    const piece = output.next();
    if (piece === undefined) this.#end();
    return piece;
  }

  /** Writes the output. Resolves when the client has taken all of it. */
  async flush(): Promise<void> {
    const now = performance.now();
    if (this.#isBusy) {
      if (this.output.length >= COUNTED_BYTES) this.count(now);
      return await new Promise((resolve) => (this.#waiters ??= []).push(resolve));
    }
    const { sink } = this;
    try {
      for (let piece = this.begin(now); piece !== undefined;) {
        piece = this.took(await sink.write(piece));
      }
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Counts the memory of the output. */
  count(now: Millis): void {
    this.slow.hold(this.client, this.output.memory(), now);
  }

  /** Drops the output, while a write that never ends may be under way. */
  abandon(): void {
    this.output.abandon();
    this.#end();
  }

  #end(): void {
    this.#isBusy = false;
    this.slow.release(this.client);
    const waiters = this.#waiters;
    if (waiters === null) return;
    this.#waiters = null;
    for (const resolve of waiters) resolve();
  }
}
