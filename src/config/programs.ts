/**
 * The commands of the program. The command line, the help page and the shell completions use this
 * list.
 *
 * @module
 */

/** A command of the program. */
export interface ProgramCommand {
  /** Its purpose, in one line. */
  readonly summary: string;
  /** The words that may follow; the first one is required. */
  readonly operands?: readonly string[];
  /** Whether `--json` makes it print JSON. */
  readonly printsJson?: boolean;
}

/** The shells that completions are made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of these shells. */
export type Shell = typeof SHELLS[number];

/** The commands by name, in the order of the help page. */
export const PROGRAMS = {
  serve: { summary: "run the proxy; this is the default" },
  check: { summary: "find out what is wrong and how to fix it; --json", printsJson: true },
  config: { summary: "show each setting and where it comes from; --json", printsJson: true },
  completion: { summary: `print the completions for ${SHELLS.join(", ")}`, operands: SHELLS },
  healthcheck: { summary: "exit with status 0 if the proxy on --port answers" },
  help: { summary: "show this page; also -h, --help" },
  version: { summary: "show the version; also -v, --version" },
} as const satisfies Record<string, ProgramCommand>;

/** The name of a command. */
export type Command = keyof typeof PROGRAMS;

/** The names of the commands. */
export const COMMANDS = Object.keys(PROGRAMS) as Command[];

/** Returns a command by its name. */
export function programOf(command: Command): ProgramCommand {
  return PROGRAMS[command];
}
