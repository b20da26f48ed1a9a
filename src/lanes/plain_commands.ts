/**
 * Finds the commands that always take the shared lane by the name that a client wrote: most
 * commands need no more to be passed.
 *
 * @module
 */
import { isAlwaysShared } from "../commands/route.ts";
import type { CommandSpec } from "../commands/spec.ts";
import type { CommandTable } from "../commands/table.ts";

/** The most names to remember. Clients can write each command in several ways. */
const MOST_NAMES = 2000;

export class PlainCommands {
  /** Results for the current table, by name; null for commands that are not plain. */
  readonly #found = new Map<string, CommandSpec | null>();
  #table: CommandTable | null = null;

  /** @param allows Whether a command may pass. */
  constructor(readonly allows: (spec: CommandSpec) => boolean) {}

  /** Returns the specification of a plain command that may pass; undefined for any other. */
  find(table: CommandTable, name: string): CommandSpec | undefined {
    if (this.#table !== table) {
      this.#table = table;
      this.#found.clear();
    }
    let spec = this.#found.get(name);
    if (spec === undefined) {
      const found = table.find({ count: 1, string: () => name });
      spec = found !== undefined && isAlwaysShared(found) && this.allows(found) ? found : null;
      if (this.#found.size < MOST_NAMES) this.#found.set(name, spec);
    }
    return spec ?? undefined;
  }
}
