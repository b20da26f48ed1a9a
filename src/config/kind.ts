/**
 * How the text of a setting becomes its value.
 *
 * @module
 */

/** A kind of value: `parse` returns undefined for a text that is not what is `wanted`. */
export interface Kind<T> {
  /** Stands for the value in the help, as in `--port <number>`. */
  readonly placeholder: string;
  /** What is wanted, to end the sentence "Cannot use ...: wanted". */
  readonly wanted: string;
  /** Reads a text; undefined if it is not what is wanted. */
  parse(text: string): T | undefined;
  /** A sentence end for this very text that says more than `wanted`. */
  wantedFor?(text: string): string;
}
