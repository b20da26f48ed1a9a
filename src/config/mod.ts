/**
 * Configuration: flag over variable over default. Knows the words a person writes, and hands
 * checked values on; what is wrong is one sentence that names the place, the value and the wanted.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Credentials } from "../core/credentials.ts";
import type { OriginAddress } from "../origin/address.ts";
import { ConfigError } from "./error.ts";
import type { ReadFile } from "./files.ts";
import { readPassword } from "./password.ts";
import { originOf } from "./origin.ts";
import { Places, type Source } from "./places.ts";
import { type Flag, FLAGS, type Setting, SETTINGS, type Values, variableOf } from "./settings.ts";

export { ConfigError } from "./error.ts";
export { helpPage } from "./help.ts";
export { readPassword } from "./password.ts";
export { type Identity, readIdentity } from "./identity.ts";
export type { Values } from "./settings.ts";

/** What the command line asks for. */
export type Command = "serve" | "healthcheck" | "help" | "version";

export interface Config {
  readonly command: Command;
  readonly values: Values;
  /** The backing Redis, from `redis-url` or from `redis-host` and `redis-port`, with its TLS. */
  readonly origin: OriginAddress;
  /** Who may ask, from `user`, `password` and `password-file`. */
  readonly credentials: Credentials;
}

/**
 * Reads the configuration.
 *
 * @param args The command line, without the program.
 * @param env The value of an environment variable.
 * @param readFile The text of a file; throws when it cannot be read.
 * @throws {ConfigError} When something is unknown, wrong or unreadable.
 */
export function parseConfig(
  args: readonly string[],
  env: (name: string) => string | undefined,
  readFile: ReadFile,
): Config {
  const flags = parseArgs([...args], {
    string: FLAGS.filter((flag) => !isVariableOnly(flag)),
    boolean: ["help", "version"],
    alias: { help: "h", version: "V" },
    unknown: (arg: string) => {
      if (!arg.startsWith("-")) return;
      const name = arg.replace(/=.*/s, "");
      if (isVariableOnly(name.slice(2))) {
        const place = variableOf(name.slice(2));
        throw new ConfigError(
          `Cannot take ${name} from the command line, which others can read: wanted ${place}`,
        );
      }
      throw new ConfigError(`Unknown flag "${name}": wanted one that --help lists`);
    },
  });
  if (flags.help || flags.version) {
    // Who asks for help gets it, whatever else is wrong.
    const defaults = parseConfig([], () => undefined, readFile);
    return { ...defaults, command: flags.help ? "help" : "version" };
  }
  const values: Record<string, unknown> = {};
  const places = new Places();
  for (const flag of FLAGS) {
    const [text, source] = find(flag, flags[flag], env);
    places.note(flag, source);
    values[flag] = text === null ? null : parse(flag, text, places);
  }
  const checked = values as Values;
  return {
    command: commandOf(flags._.map(String)),
    values: checked,
    origin: originOf(checked, places, readFile),
    credentials: credentialsOf(checked, places, readFile),
  };
}

function commandOf(words: string[]): Command {
  if (words.length === 0) return "serve";
  if (words.length === 1 && words[0] === "healthcheck") return "healthcheck";
  const said = redact(words.join(" "));
  throw new ConfigError(`Cannot understand "${said}": wanted flags, or "healthcheck"`);
}

/** An empty variable counts as unset: that is how compose files pass what is not there. */
function find(
  flag: Flag,
  given: string | undefined,
  env: (name: string) => string | undefined,
): [string | null, Source] {
  if (given !== undefined) return [given, "flag"];
  const variable = env(variableOf(flag));
  if (variable !== undefined && variable !== "") return [variable, "variable"];
  return [SETTINGS[flag].fallback, "default"];
}

function parse(flag: Flag, text: string, places: Places): unknown {
  const { kind, secret }: Setting<unknown> = SETTINGS[flag];
  const value = kind.parse(text);
  if (value !== undefined) return value;
  const wanted = kind.wantedFor?.(text) ?? kind.wanted;
  const shown = secret ? "its value" : `"${redact(text)}"`;
  throw new ConfigError(`Cannot use ${shown} for ${places.of(flag)}: wanted ${wanted}`);
}

/** Leaves out what may be a password: a URL can stand in the wrong place. */
function redact(text: string): string {
  return text.replace(/\/\/\S*@/g, "//***@");
}

function credentialsOf(
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

function isVariableOnly(flag: string): boolean {
  const known: Partial<Record<string, Setting<unknown>>> = SETTINGS;
  return known[flag]?.variableOnly ?? false;
}
