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
  readonly #texts = new Map<Flag, string>();

  /** Records a value as a person wrote it, and where it comes from; null for none. */
  note(flag: Flag, text: string | null, source: Source): void {
    this.#sources.set(flag, source);
    if (text !== null) this.#texts.set(flag, text);
  }

  /** Where the value of a setting comes from. */
  source(flag: Flag): Source {
    return this.#sources.get(flag) ?? "default";
  }

  /** The value of a setting as a person wrote it; null for none. */
  text(flag: Flag): string | null {
    return this.#texts.get(flag) ?? null;
  }

  /** The name of the flag, or of the variable if the value came from there. */
  of(flag: Flag): string {
    return this.source(flag) === "variable" ? variableOf(flag) : `--${flag}`;
  }
}
