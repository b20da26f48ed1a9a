/**
 * The page that `--help` prints.
 *
 * @module
 */
import { GROUPS, type Setting, variableOf } from "./settings.ts";

/** Returns the help page. */
export function helpPage(version: string): string {
  const groups = Object.entries(GROUPS).map(([title, settings]) =>
    `${title}:\n${Object.entries(settings).map(([flag, one]) => entry(flag, one)).join("")}`
  );
  return `redis-proxy ${version}: a caching layer in front of Redis, for HTTP and RESP on one port

Usage:
  redis-proxy [flags]              serve
  redis-proxy healthcheck [flags]  ask the proxy at --listen-address and --port whether it serves

Try it:
  curl http://127.0.0.1:8080/some-key
  redis-cli -p 8080 get some-key

A flag goes over its variable, and that over the default.

${groups.join("\n")}
Other:
  -h, --help     show this page
  -V, --version  show the version
`;
}

function entry(flag: string, { kind, fallback, help, variableOnly }: Setting<unknown>): string {
  const head = variableOnly ? "(no flag)" : `--${flag} ${kind.placeholder}`;
  const note = fallback === null ? "" : ` [${fallback}]`;
  return `  ${head.padEnd(36)} ${variableOf(flag)}\n      ${help}${note}\n`;
}
