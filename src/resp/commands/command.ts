/**
 * The commands that the proxy itself answers, as rows of a table: requests are dispatched by it, and
 * COMMAND shows it.
 *
 * @module
 */
import type { Judged } from "../../commands/permission.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import type { Arguments } from "../parse/arguments.ts";
import type { Session } from "../session.ts";

/** Makes a request of arguments. Their number is what the arity requires. */
export type Run = (args: Arguments, session: Session) => ClientRequest;

/** A subcommand, such as SETNAME of CLIENT. */
export interface Subcommand {
  readonly name: string;
  /** The number of arguments, including both names; negative for at least that many. */
  readonly arity: number;
  readonly run: Run;
}

export interface LocalCommand extends Omit<Subcommand, "run"> {
  /** Runs it without a subcommand; absent if it always needs one. */
  readonly run?: Run;
  /** Its documentation, in half a line. */
  readonly summary: string;
  /** The first version of Redis that has it. */
  readonly since: string;
  readonly group: "connection" | "generic" | "server" | "string";
  /** Flags, and categories of access lists after `@`, as in COMMAND INFO. */
  readonly flags: string;
  /** The first and the last argument that is a key, and the step between keys; 0 for no keys. */
  readonly keys: readonly [first: number, last: number, step: number];
  /** Its subcommands. Any other first argument is an unknown subcommand. */
  readonly subcommands?: ReadonlyMap<string, Subcommand>;
}

export const NO_KEYS = [0, 0, 0] as const;

/** Whether all arguments are keys, so that there may be any number of them. */
export function takesManyKeys({ keys: [, last] }: LocalCommand): boolean {
  return last < 0;
}

/** Whether an arity permits this number of arguments. */
export function fits(arity: number, count: number): boolean {
  return arity < 0 ? count >= -arity : count === arity;
}

/** Returns a command, or one of its subcommands, in the form that lists of permissions use. */
export function judgedOf({ name, flags }: LocalCommand, subcommand?: Subcommand): Judged {
  const words = flags.split(" ");
  return {
    name: subcommand === undefined ? name : `${name}|${subcommand.name}`,
    flags: new Set(words.filter((word) => !word.startsWith("@"))),
    categories: new Set(
      words.filter((word) => word.startsWith("@")).map((word) => word.slice(1)),
    ),
  };
}

/** The arguments from this index on. */
export function tail(args: Arguments, from: number): string[] {
  const strings: string[] = [];
  for (let index = from; index < args.count; index++) strings.push(args.string(index));
  return strings;
}

/** Subcommands by their names. */
export function bySubcommand(list: readonly Subcommand[]): ReadonlyMap<string, Subcommand> {
  return new Map(list.map((one) => [one.name, one]));
}

const INT64_MAX = 2n ** 63n - 1n;

/**
 * Parses a 64-bit integer as Redis does: without a plus, leading zeros or blanks. Beyond 2^53 the
 * result is rounded.
 *
 * @returns Undefined for any other text.
 */
export function parseInteger(text: string): number | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : Number(value);
}
