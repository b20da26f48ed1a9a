/**
 * Reads the command line: a command, and flags.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { ConfigError } from "./error.ts";
import { nearest } from "./nearest.ts";
import { type Command, COMMANDS, programOf } from "./programs.ts";
import { type Flag, FLAGS, type Setting, SETTINGS, variableOf } from "./settings.ts";

/** A parsed command line. */
export interface Arguments {
  /** The command. */
  readonly command: Command;
  /** The word after the command; empty if it takes none. */
  readonly operand: string;
  /** Whether to print JSON. */
  readonly isJson: boolean;
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
  const { _: words, help, version, json, ...flags } = parseArgs(joined(args), {
    string: FLAGS.filter((flag) => !isVariableOnly(flag)),
    boolean: ["help", "version", "json"],
    alias: { help: ["h"], version: ["v", "V"], port: ["p"] },
    unknown: (arg: string) => {
      if (arg.startsWith("-")) unknown ??= arg.replace(/=.*/s, "");
    },
  });
  const plain = { operand: "", isJson: false, flags: {} };
  // Help works even if something else is wrong.
  if (help || words[0] === "help") return { ...plain, command: "help" };
  if (version || words[0] === "version") return { ...plain, command: "version" };
  if (unknown !== undefined) throw new ConfigError(faultOf(unknown));
  // An empty text after a flag is its value.
  const said = words.map(String).filter((word: string) => word !== "");
  const [command, operand] = commandOf(said);
  if (json && !programOf(command).printsJson) {
    const able = COMMANDS.filter((one) => programOf(one).printsJson).join(" or ");
    throw new ConfigError(`Cannot use --json with ${command}: wanted ${able}`);
  }
  return { command, operand, isJson: Boolean(json), flags: flags as Arguments["flags"] };
}

/** Joins a flag and a negative number, which would be read as another flag. */
function joined(args: readonly string[]): string[] {
  const all: string[] = [];
  for (const arg of args) {
    const last = all.at(-1) ?? "";
    const isValue = /^-\.?\d/.test(arg) && /^-(p|-[a-z-]+)$/.test(last);
    if (isValue) all[all.length - 1] = `${last}=${arg}`;
    else all.push(arg);
  }
  return all;
}

function commandOf(words: readonly string[]): [Command, operand: string] {
  if (words.length === 0) return ["serve", ""];
  const command = COMMANDS.find((one) => one === words[0]);
  const { operands = [] } = command === undefined ? {} : programOf(command);
  const [, operand = "", ...more] = words;
  const isComplete = more.length === 0 &&
    (operands.length === 0 ? operand === "" : operands.includes(operand));
  if (command !== undefined && isComplete) return [command, operand];
  throw new ConfigError(`Cannot understand "${redact(words.join(" "))}": ${wantedFor(words)}`);
}

function wantedFor([word, ...rest]: readonly string[]): string {
  const command = COMMANDS.find((one) => one === word);
  const { operands } = command === undefined ? {} : programOf(command);
  if (operands !== undefined) return `wanted ${command} and one of ${operands.join(", ")}`;
  const near = rest.length === 0 ? nearest(word!, COMMANDS) : undefined;
  return near === undefined ? `wanted flags, or one of ${COMMANDS.join(", ")}` : meant(near);
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

/** Hides a possible password: somebody may have put a URL in the wrong place. */
export function redact(text: string): string {
  return text.replace(/\/\/\S*@/g, "//***@");
}

function isVariableOnly(flag: string): boolean {
  const known: Partial<Record<string, Setting<unknown>>> = SETTINGS;
  return known[flag]?.variableOnly ?? false;
}
