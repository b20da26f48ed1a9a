/**
 * Reloads on SIGHUP the files that may change while the proxy runs, and logs the result of each. An
 * unusable file changes nothing, and never ends the process.
 *
 * @module
 */
import type { Log, LogFields } from "../core/log.ts";

/** A part of the configuration that may change while the proxy runs. */
export interface Part {
  /** Its name in the log. */
  readonly name: string;
  /** Reloads the file and uses it. Null if the proxy runs without it. */
  readonly reload: (() => void | Promise<void>) | null;
}

export class Reloader {
  #last: Promise<void> = Promise.resolve();

  constructor(readonly parts: readonly Part[], readonly log: Log) {}

  /** Reloads all parts, after any earlier call has ended. Never rejects. */
  reload(): Promise<void> {
    return this.#last = this.#last.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    const results: Record<string, string> = {};
    for (const part of this.parts) results[part.name] = await this.#reloadPart(part);
    const fields: LogFields = { ...results, others: "kept: restart to change them" };
    this.log.info("Reloaded", fields);
  }

  async #reloadPart({ name, reload }: Part): Promise<string> {
    if (reload === null) return "not used";
    try {
      await reload();
      return "read again";
    } catch (error) {
      this.log.error(`Cannot reload the ${name}: kept the old one`, {
        why: (error as Error).message,
      });
      return "kept";
    }
  }
}
