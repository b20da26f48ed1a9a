/**
 * Where the values of settings come from.
 *
 * @module
 */
import { type Flag, variableOf } from "./settings.ts";

/** Where a value comes from. */
export type Source = "flag" | "variable" | "default";

/** The source of each setting's value: a flag, a variable or the default. */
export class Places {
  readonly #sources = new Map<Flag, Source>();

  /** Records where a value comes from. */
  note(flag: Flag, source: Source): void {
    this.#sources.set(flag, source);
  }

  /** Where the value of a setting comes from. */
  source(flag: Flag): Source {
    return this.#sources.get(flag) ?? "default";
  }

  /** The name of the flag, or of the variable if the value came from there. */
  of(flag: Flag): string {
    return this.source(flag) === "variable" ? variableOf(flag) : `--${flag}`;
  }
}
