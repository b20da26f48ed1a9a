/**
 * How the text of a setting becomes its value.
 *
 * @module
 */

/** A kind of value: `parse` returns undefined for a text that does not fit. */
export interface Kind<T> {
  /** Stands for the value in the help, as in `--port <number>`. */
  readonly placeholder: string;
  /** The end of the sentence "Cannot use ...: wanted". */
  readonly wanted: string;
  /** Reads a text; undefined if it does not fit. */
  parse(text: string): T | undefined;
  /** A better end of that sentence for this text. */
  wantedFor?(text: string): string;
}
