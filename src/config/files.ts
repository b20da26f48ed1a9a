/**
 * Reads the files that settings name.
 *
 * @module
 */
import { ConfigError } from "./error.ts";

/** Returns the text of a file; throws when it cannot be read. */
export type ReadFile = (path: string) => string;

/**
 * Returns the text of the file that a setting names.
 *
 * @param place The flag or variable that names it, for the message.
 * @throws {ConfigError} When it cannot be read.
 */
export function readText(place: string, path: string, readFile: ReadFile): string {
  try {
    // A byte order mark does not belong to the text.
    return readFile(path).replace(/^\ufeff/, "");
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(`Cannot read "${path}" for ${place}: wanted a readable file (${why})`);
  }
}
