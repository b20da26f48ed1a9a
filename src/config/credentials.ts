/**
 * Reads the user and the password of clients from the settings.
 *
 * @module
 */
import { Credentials } from "../core/credentials.ts";
import { ConfigError } from "./error.ts";
import type { ReadFile } from "./files.ts";
import { readPassword } from "./password.ts";
import type { Places } from "./places.ts";
import type { Values } from "./settings.ts";

/**
 * Returns the user and the password that clients need.
 *
 * @throws {ConfigError} When the password is in two places, or its file cannot be used.
 */
export function credentialsOf(
  { user, password, "password-file": path }: Values,
  places: Places,
  readFile: ReadFile,
): Credentials {
  if (path === null) return new Credentials(user, password);
  if (password !== null && places.source("password-file") === "variable") {
    throw new ConfigError(
      "Cannot use RP_PASSWORD together with RP_PASSWORD_FILE: wanted one of the two",
    );
  }
  return new Credentials(user, readPassword(places.of("password-file"), path, readFile));
}
