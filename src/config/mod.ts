/**
 * Configuration: flags override environment variables, which override defaults. Everything is
 * checked at start; an error is one sentence that names the place, the value and what is wanted.
 *
 * @module
 */
import type { Credentials } from "../core/credentials.ts";
import type { OriginAddress } from "../origin/address.ts";
import { type Arguments, parseArguments, redact } from "./arguments.ts";
import { credentialsOf } from "./credentials.ts";
import { checkTogether } from "./contradictions.ts";
import { ConfigError } from "./error.ts";
import type { ReadFile } from "./files.ts";
import type { HostPort } from "./host_ports.ts";
import { originOf } from "./origin.ts";
import { Places, type Source } from "./places.ts";
import type { Command } from "./programs.ts";
import { type SentinelConfig, sentinelOf } from "./sentinel.ts";
import { type Flag, FLAGS, type Setting, SETTINGS, type Values, variableOf } from "./settings.ts";
import { checkVariables, type Environment } from "./variables.ts";

export { completionOf } from "./completion.ts";
export { effectiveSettings, settingsJson, settingsTable } from "./effective.ts";
export { ConfigError } from "./error.ts";
export { helpPage } from "./help.ts";
export { displayAddress, type ListenAddress } from "./listen_addresses.ts";
export { type Identity, readIdentity } from "./identity.ts";
export { readTlsFiles } from "./origin.ts";
export { readPassword } from "./password.ts";
export type { Command, Shell } from "./programs.ts";
export type { SentinelConfig } from "./sentinel.ts";
export type { Flag, Values } from "./settings.ts";
export { readEnvironment } from "./variables.ts";

/** A checked configuration. */
export interface Config {
  /** The command. */
  readonly command: Command;
  /** The word after the command; empty if it takes none. */
  readonly operand: string;
  /** Whether to print JSON. */
  readonly isJson: boolean;
  /** The value of each setting. */
  readonly values: Values;
  /** The settings whose value is not the default. */
  readonly given: ReadonlySet<Flag>;
  /** The text of each value, and where it comes from. */
  readonly places: Places;
  /** The backing Redis, from `redis-url` or from `redis-host` and `redis-port`, with its TLS. */
  readonly origin: OriginAddress;
  /** The sentinels that know where Redis is; then `origin` has no host. Null without sentinels. */
  readonly sentinel: SentinelConfig | null;
  /** Nodes of a cluster, which know the others; then `origin` has no host. Null without a cluster. */
  readonly cluster: { readonly seeds: readonly HostPort[] } | null;
  /** The credentials that clients need, from `user`, `password` and `password-file`. */
  readonly credentials: Credentials;
}

/**
 * Reads the configuration. For help, version and completions, returns the defaults, even if a
 * variable is wrong.
 *
 * @param args The command line, without the program.
 * @param env The environment.
 * @param readFile The text of a file; throws when it cannot be read.
 * @throws {ConfigError} When something is unknown, wrong or unreadable.
 */
export function parseConfig(
  args: readonly string[],
  env: Environment,
  readFile: ReadFile,
): Config {
  const { flags, ...asked } = parseArguments(args);
  const isTalk = ["help", "version", "completion"].includes(asked.command);
  if (!isTalk) checkVariables(env);
  const [values, places] = valuesOf(flags, isTalk ? {} : env);
  const origin = originOf(values, places, readFile);
  // The health check asks another process.
  if (asked.command !== "healthcheck") checkTogether(values, places);
  return {
    ...asked,
    values,
    places,
    given: new Set(FLAGS.filter((flag) => places.source(flag) !== "default")),
    origin,
    sentinel: sentinelOf(values, origin, places, readFile),
    cluster: clusterOf(values, origin),
    credentials: credentialsOf(values, places, readFile),
  };
}

/** The URL counts unless a flag names a host. */
function clusterOf(values: Values, { host, socket }: OriginAddress): Config["cluster"] {
  const seeds = values["redis-url"]?.seeds ?? null;
  return seeds === null || host !== "" || socket !== null ? null : { seeds };
}

function valuesOf(flags: Arguments["flags"], env: Environment): [Values, Places] {
  const values: Record<string, unknown> = {};
  const places = new Places();
  for (const flag of FLAGS) {
    const [text, source] = find(flag, flags[flag], env);
    places.note(flag, text, source);
    values[flag] = text === null ? null : parse(flag, text, places);
  }
  return [values as Values, places];
}

/** An empty variable counts as unset, because compose files pass unset variables this way. */
function find(flag: Flag, given: string | undefined, env: Environment): [string | null, Source] {
  if (given !== undefined) return [given, "flag"];
  const variable = env[variableOf(flag)];
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
