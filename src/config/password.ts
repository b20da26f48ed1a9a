/**
 * Reads the password of clients from a file.
 *
 * @module
 */
import { ConfigError } from "./error.ts";
import { type ReadFile, readText } from "./files.ts";

/**
 * Returns the password without the line break at its end.
 *
 * @param place The flag or variable that names the file, for the message.
 * @throws {ConfigError} When the file cannot be read, or is empty.
 */
export function readPassword(place: string, path: string, readFile: ReadFile): string {
  const text = readText(place, path, readFile).replace(/\r?\n$/, "");
  if (text !== "") return text;
  throw new ConfigError(
    `Cannot use "${path}" for ${place}: wanted a password, found an empty file`,
  );
}
