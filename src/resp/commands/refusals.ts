/**
 * Errors for requests that are not served. The connection stays open. If Redis has an error for the
 * same case, the words are the same, because client libraries look for them.
 *
 * @module
 */
import { NAMES } from "../../commands/names.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import { refuse } from "../requests/fixed.ts";
import type { Arguments } from "../parse/arguments.ts";
import { KEY_BYTES, OPTION_BYTES, OPTION_COUNT } from "../parse/limits.ts";
import { type LocalCommand, takesManyKeys } from "./command.ts";

/** Bytes of a name, and of all arguments together, that an error shows. */
const SHOWN = 128;

/** Refuses a command that is not in the table of commands. */
export function refuseCommand(args: Arguments): ClientRequest {
  const name = shown(args, 0, SHOWN);
  if (NAMES.has(name.toLowerCase())) {
    return refuse(
      `ERR unknown command '${name}' for this read cache, which serves reads of strings ` +
        `(GET, MGET, STRLEN, GETRANGE, EXISTS): send it to Redis itself`,
    );
  }
  let list = "";
  for (let index = 1; index < args.count && list.length < SHOWN; index++) {
    list += `'${shown(args, index, SHOWN - list.length)}' `;
  }
  return refuse(`ERR unknown command '${name}', with args beginning with: ${list}`);
}

export function refuseSubcommand({ name }: LocalCommand, args: Arguments): ClientRequest {
  const subcommand = shown(args, 1, SHOWN);
  return refuse(`ERR unknown subcommand '${subcommand}'. Try ${name.toUpperCase()} HELP.`);
}

/** Refuses a command from a client without a password, in protected mode. */
export function refuseUnprotected(): ClientRequest {
  return refuse(
    "NOPERM this proxy is in protected mode because clients need no password, so this client may " +
      "only read strings; the ways out are --password-file, --listen-address 127.0.0.1 and " +
      "--protected-mode no",
  );
}

/** Refuses a command that may not pass. @param name As `refuseArity`. */
export function refuseForbidden(name: string): ClientRequest {
  return refuse(whyForbidden(name));
}

/** The error for a command that may not pass. @param name As `refuseArity`. */
export function whyForbidden(name: string): string {
  return `NOPERM this proxy does not pass the '${name}' command; --allow ${name} lets it pass`;
}

/** @param name The command and, after a bar, its subcommand: `client|setname`. */
export function refuseArity(name: string): ClientRequest {
  return refuse(`ERR wrong number of arguments for '${name}' command`);
}

/** Refuses a request that is too large for its command; null if it is not. */
export function refuseSize(command: LocalCommand, args: Arguments): ClientRequest | null {
  const { name } = command;
  if (takesManyKeys(command)) {
    if (args.longest <= KEY_BYTES) return null;
    return refuse(`ERR Key too long for '${name}' command: wanted at most ${KEY_BYTES} bytes`);
  }
  if (args.count <= OPTION_COUNT && args.length <= OPTION_BYTES) return null;
  return refuse(
    `ERR Request too large for '${name}' command: wanted at most ${OPTION_BYTES} bytes and ` +
      `${OPTION_COUNT} arguments`,
  );
}

/** The beginning of an argument, as Redis prints it: up to its first zero byte. */
function shown(args: Arguments, index: number, length: number): string {
  const beginning = args.string(index, length);
  const zero = beginning.indexOf("\0");
  return zero < 0 ? beginning : beginning.slice(0, zero);
}
