/**
 * Writes lines to a file without delaying the caller. If the file takes them too slowly, lines are
 * left out and counted: a full disk must not stop the proxy.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";

/** How long lines are collected before they are written. */
const PERIOD: Millis = 200;

/** The most bytes that may wait; beyond that, lines are left out. */
const WAITING_BYTES = 4 * 1024 * 1024;

/** The parts of a file that this needs. */
export type LineTarget = Pick<Deno.FsFile, "write">;

export class LineFile {
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #leftOut = 0;
  #writing: Promise<void> = Promise.resolve();
  #isScheduled = false;
  #timer?: ReturnType<typeof setTimeout>;

  /** @param target Takes the lines; it is never closed. */
  constructor(readonly target: LineTarget, readonly log: Log) {}

  /** Adds a line, without its line break. */
  add(line: string): void {
    if (this.#waiting.length > WAITING_BYTES) {
      this.#leftOut++;
      return;
    }
    this.#waiting += `${line}\n`;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#timer = setTimeout(() => this.flush(), PERIOD);
    Deno.unrefTimer(this.#timer);
  }

  /** Writes all lines so far. Resolves when they are written, or writing failed. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    this.#isScheduled = false;
    const text = this.#waiting;
    this.#waiting = "";
    try {
      for (let rest = this.#encoder.encode(text); rest.length > 0;) {
        rest = rest.subarray(await this.target.write(rest));
      }
    } catch (error) {
      this.log.warn("Cannot write the access log", { why: (error as Error).message });
    }
    if (this.#leftOut === 0) return;
    this.log.warn("Left out lines of the access log: it is written too slowly", {
      lines: this.#leftOut,
    });
    this.#leftOut = 0;
  }
}
