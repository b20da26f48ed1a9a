/**
 * The subcommand HELP, to which the error for an unknown subcommand refers.
 *
 * @module
 */
import { array, simple } from "../replies.ts";
import { textReply } from "../requests/fixed.ts";
import type { Subcommand } from "./command.ts";

/** @param lines Subcommands and their descriptions, in turn. */
export function help(command: string, lines: readonly string[]): Subcommand {
  const all = [
    `${command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines.map((line, index) => index % 2 === 0 ? line : `    ${line}`),
    "HELP",
    "    Print this help.",
  ];
  return { name: "help", arity: 2, run: () => textReply(array(all.map(simple))) };
}
