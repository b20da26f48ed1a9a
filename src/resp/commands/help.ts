/**
 * The subcommand HELP, which the error for an unknown subcommand points to.
 *
 * @module
 */
import { array, simple } from "../replies.ts";
import { tell } from "../requests/fixed.ts";
import type { Subcommand } from "./command.ts";

/** @param lines What follows the first line: each subcommand, and what it does, by turns. */
export function help(command: string, lines: readonly string[]): Subcommand {
  const all = [
    `${command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines.map((line, index) => index % 2 === 0 ? line : `    ${line}`),
    "HELP",
    "    Print this help.",
  ];
  return { name: "help", arity: 2, run: () => tell(array(all.map(simple))) };
}
