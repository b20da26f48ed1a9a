/**
 * Configuration: flag over variable over default. Knows the words a person writes, and hands
 * checked values on; what is wrong is one sentence that names the place, the value and the wanted.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Credentials } from "../core/credentials.ts";
import type { OriginAddress } from "../origin/client.ts";
import {
  type Flag,
  FLAGS,
  type Setting,
  SETTINGS,
  type Settings,
  type SettingValue,
  variableOf,
} from "./settings.ts";

export { helpPage } from "./help.ts";

/** What the command line asks for. */
export type Command = "serve" | "healthcheck" | "help" | "version";

/** The value of each setting, by flag. Durations are in milliseconds. */
export type Values = { readonly [F in Flag]: SettingValue<Settings[F]> };

/** A configuration that cannot be used; the message is one sentence for the person who wrote it. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Where a value comes from. */
type Source = "flag" | "variable" | "default";

export interface Config {
  readonly command: Command;
  readonly values: Values;
  /** The backing Redis, from `redis-url` or from `redis-host` and `redis-port`. */
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
  readFile: (path: string) => string,
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
  const sources: Record<string, Source> = {};
  for (const flag of FLAGS) {
    const [text, source] = find(flag, flags[flag], env);
    values[flag] = text === null ? null : parse(flag, text, source);
    sources[flag] = source;
  }
  const checked = values as Values;
  return {
    command: commandOf(flags._.map(String)),
    values: checked,
    origin: originOf(checked, sources, readFile),
    credentials: credentialsOf(checked, sources, readFile),
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

function parse(flag: Flag, text: string, source: Source): unknown {
  const { kind, secret }: Setting<unknown> = SETTINGS[flag];
  const value = kind.parse(text);
  if (value !== undefined) return value;
  const wanted = kind.wantedFor?.(text) ?? kind.wanted;
  const shown = secret ? "its value" : `"${redact(text)}"`;
  throw new ConfigError(`Cannot use ${shown} for ${placeOf(flag, source)}: wanted ${wanted}`);
}

/** The name under which the person who wrote a value finds it again. */
function placeOf(flag: Flag, source: Source | undefined): string {
  return source === "variable" ? variableOf(flag) : `--${flag}`;
}

/** Leaves out what may be a password: a URL can stand in the wrong place. */
function redact(text: string): string {
  return text.replace(/\/\/\S*@/g, "//***@");
}

function originOf(
  values: Values,
  sources: Record<string, Source>,
  readFile: (path: string) => string,
): OriginAddress {
  const url = values["redis-url"];
  const caFile = values["redis-ca"];
  const certificateAuthority = caFile === null
    ? null
    : readText(placeOf("redis-ca", sources["redis-ca"]), caFile, readFile);
  const host = values["redis-host"];
  const port = values["redis-port"];
  // The more explicit place wins; two answers from the same place are a contradiction.
  const rival = (["redis-host", "redis-port"] as const).find((flag) =>
    sources[flag] !== "default" && sources[flag] === sources["redis-url"]
  );
  if (rival !== undefined) {
    const [one, other] = (["redis-url", rival] as const).map((flag) =>
      placeOf(flag, sources[flag])
    );
    throw new ConfigError(`Cannot use ${one} together with ${other}: wanted one of the two`);
  }
  const isHostGiven = sources["redis-host"] === "flag" || sources["redis-port"] === "flag";
  if (url === null || isHostGiven) {
    return {
      host,
      port,
      username: null,
      password: null,
      database: 0,
      tls: false,
      certificateAuthority,
    };
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 6379),
    username: decodeURIComponent(url.username) || null,
    password: decodeURIComponent(url.password) || null,
    database: Number(url.pathname.slice(1)),
    tls: url.protocol === "rediss:",
    certificateAuthority,
  };
}

function credentialsOf(
  { user, password, "password-file": path }: Values,
  sources: Record<string, Source>,
  readFile: (path: string) => string,
): Credentials {
  if (path === null) return new Credentials(user, password);
  if (password !== null && sources["password-file"] === "variable") {
    throw new ConfigError(
      "Cannot use RP_PASSWORD together with RP_PASSWORD_FILE: wanted one of the two",
    );
  }
  const place = placeOf("password-file", sources["password-file"]);
  const text = readText(place, path, readFile).replace(/\r?\n$/, "");
  if (text !== "") return new Credentials(user, text);
  throw new ConfigError(`Cannot use "${path}" for ${place}: wanted a password, got nothing`);
}

function isVariableOnly(flag: string): boolean {
  const known: Partial<Record<string, Setting<unknown>>> = SETTINGS;
  return known[flag]?.variableOnly ?? false;
}

function readText(place: string, path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(`Cannot read "${path}" for ${place}: wanted a readable file (${why})`);
  }
}
