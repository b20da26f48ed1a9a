/**
 * What a command is: the row of the table that COMMAND shows and by which requests are dispatched.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import type { Arguments } from "../parse/arguments.ts";
import type { Session } from "../session.ts";

/** Makes a request of its arguments, whose number is right. */
export type Run = (args: Arguments, session: Session) => ClientRequest;

/** A part of a command that has several (CLIENT SETNAME). */
export interface Subcommand {
  readonly name: string;
  /** The number of arguments, both names included; negative for at least as many. */
  readonly arity: number;
  readonly run: Run;
}

export interface Command extends Omit<Subcommand, "run"> {
  /** What it does without a subcommand; one that always needs a subcommand has none. */
  readonly run?: Run;
  /** What it does, in half a line. */
  readonly summary: string;
  /** The version of Redis that has it first. */
  readonly since: string;
  readonly group: "connection" | "generic" | "server" | "string";
  /** Flags and, behind `@`, categories of access lists, as COMMAND INFO has them. */
  readonly flags: string;
  /** First and last argument that is a key, and the step between them; 0 where there is none. */
  readonly keys: readonly [first: number, last: number, step: number];
  /** Its parts; a first argument that is none of them is an unknown subcommand. */
  readonly subcommands?: ReadonlyMap<string, Subcommand>;
}

export const NO_KEYS = [0, 0, 0] as const;

/** Whether all arguments are keys, so that there may be any number of them. */
export function takesManyKeys({ keys: [, last] }: Command): boolean {
  return last < 0;
}

/** Whether a number of arguments is what an arity asks for. */
export function fits(arity: number, count: number): boolean {
  return arity < 0 ? count >= -arity : count === arity;
}

/** The arguments from an index on. */
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
 * A 64-bit integer as Redis takes one: no plus, no leading zero, no blank. Returns undefined for
 * anything else; beyond 2^53 the value is rounded.
 */
export function parseInteger(text: string): number | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : Number(value);
}
