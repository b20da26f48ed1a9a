/**
 * The page that `--help` prints.
 *
 * @module
 */
import { type Command, COMMANDS, programOf } from "./programs.ts";
import { GROUPS, type Setting, variableOf } from "./settings.ts";

/** Returns the help page. */
export function helpPage(version: string): string {
  const groups = Object.entries(GROUPS).map(([title, settings]) =>
    `${title}:\n${Object.entries(settings).map(([flag, one]) => entry(flag, one)).join("")}`
  );
  return `redis-proxy ${version}: a caching proxy in front of Redis, for HTTP and RESP on one port

Usage:
${COMMANDS.map(usage).join("")}
Try it:
  curl http://127.0.0.1:8080/some-key
  redis-cli -p 8080 get some-key

Each setting is a flag and an environment variable. Flags override variables, and variables override
defaults, which are in [brackets]. Durations are in seconds or take a unit: 250ms, 30s, 5m, 1h, 7d.
Sizes are in bytes or take a unit: 512kb, 64mb, 2gb.

${groups.join("\n")}`;
}

function usage(command: Command): string {
  const { summary, operands } = programOf(command);
  const head = operands === undefined ? command : `${command} <${operands.join("|")}>`;
  return `  redis-proxy ${head.padEnd(26)} ${summary}\n`;
}

function entry(flag: string, { kind, fallback, help, variableOnly }: Setting<unknown>): string {
  const short = flag === "port" ? "-p, " : "";
  const head = variableOnly ? "(no flag)" : `${short}--${flag} ${kind.placeholder}`;
  const note = fallback === null ? "" : ` [${fallback}]`;
  return `  ${head.padEnd(36)} ${variableOf(flag)}\n      ${help}${note}\n`;
}
