/**
 * Reads the command line: a command, and flags.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { ConfigError } from "./error.ts";
import { nearest } from "./nearest.ts";
import { type Flag, FLAGS, type Setting, SETTINGS, variableOf } from "./settings.ts";

/** The commands of the program. */
export const COMMANDS = ["serve", "healthcheck", "help", "version"] as const;

/** One of the commands. */
export type Command = typeof COMMANDS[number];

/** A parsed command line. */
export interface Arguments {
  /** The command. */
  readonly command: Command;
  /** The texts of the given flags. */
  readonly flags: { readonly [F in Flag]?: string };
}

/**
 * Reads the command line.
 *
 * @throws {ConfigError} When it has an unknown word or flag, and does not ask for help.
 */
export function parseArguments(args: readonly string[]): Arguments {
  let unknown: string | undefined;
  const { _: words, help, version, ...flags } = parseArgs([...args], {
    string: FLAGS.filter((flag) => !isVariableOnly(flag)),
    boolean: ["help", "version"],
    alias: { help: ["h"], version: ["v", "V"], port: ["p"] },
    unknown: (arg: string) => {
      if (arg.startsWith("-")) unknown ??= arg.replace(/=.*/s, "");
    },
  });
  // Help works even if something else is wrong.
  if (help || words[0] === "help") return { command: "help", flags: {} };
  if (version || words[0] === "version") return { command: "version", flags: {} };
  if (unknown !== undefined) throw new ConfigError(faultOf(unknown));
  // An empty text after a flag is its value.
  const said = words.map(String).filter((word: string) => word !== "");
  return { command: commandOf(said), flags: flags as Arguments["flags"] };
}

function commandOf(words: string[]): Command {
  if (words.length === 0) return "serve";
  const command = words.length === 1 ? COMMANDS.find((one) => one === words[0]) : undefined;
  if (command !== undefined) return command;
  const near = words.length === 1 ? nearest(words[0]!, COMMANDS) : undefined;
  const wanted = near === undefined
    ? `wanted flags, or one of ${COMMANDS.join(", ")}`
    : meant(near);
  throw new ConfigError(`Cannot understand "${redact(words.join(" "))}": ${wanted}`);
}

function faultOf(name: string): string {
  const flag = name.slice(2);
  if (isVariableOnly(flag)) {
    const place = variableOf(flag);
    return `Cannot take ${name} from the command line, which others can read: wanted ${place}`;
  }
  const near = nearest(
    name,
    FLAGS.filter((flag) => !isVariableOnly(flag)).map((one) => `--${one}`),
  );
  return `Unknown flag "${name}": ${
    near === undefined ? "wanted one that --help lists" : meant(near)
  }`;
}

/** Ends a sentence with the word that was probably meant, if there is one. */
export function meant(word: string): string {
  return `did you mean ${word}?`;
}

/** Leaves out what may be a password: a URL can stand in the wrong place. */
export function redact(text: string): string {
  return text.replace(/\/\/\S*@/g, "//***@");
}

function isVariableOnly(flag: string): boolean {
  const known: Partial<Record<string, Setting<unknown>>> = SETTINGS;
  return known[flag]?.variableOnly ?? false;
}
