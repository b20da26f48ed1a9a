/**
 * Decodes replies to reads. A reply of a wrong type is an error of the connection, never a value.
 *
 * @module
 */
import { latin1 } from "./wire/reply.ts";

const CR = 0x0d;
const DOLLAR = 0x24;
const MINUS = 0x2d;
const COLON = 0x3a;
const UNDERSCORE = 0x5f;
const ZERO = 0x30;

/** Redis, or something in between, sent a reply of a wrong type. */
export class WrongReply extends Error {
  constructor(command: string, wanted: string, found: string) {
    super(`Redis replied to ${command} with ${found}: wanted ${wanted}`);
  }
}

/** Whether a reply is an error. */
export function isError(bytes: Uint8Array, from: number): boolean {
  return bytes[from] === MINUS;
}

/** Returns the message of an error, which begins with its code. */
export function errorAt(bytes: Uint8Array, from: number, to: number): string {
  return latin1(bytes, from + 1, to - 2);
}

/**
 * Returns the number of a reply.
 *
 * @throws {WrongReply} If it is not an integer.
 */
export function integerAt(command: string, bytes: Uint8Array, from: number): number {
  if (bytes[from] !== COLON) throw new WrongReply(command, "an integer", nameOf(bytes[from]!));
  return numberAt(bytes, from + 1);
}

/**
 * Returns where the bytes of a bulk string begin; -1 for null.
 *
 * @throws {WrongReply} If the reply is neither.
 */
export function bulkAt(command: string, bytes: Uint8Array, from: number): number {
  const type = bytes[from]!;
  if (type === UNDERSCORE || (type === DOLLAR && bytes[from + 1] === MINUS)) return -1;
  if (type !== DOLLAR) throw new WrongReply(command, "a bulk string", nameOf(type));
  let at = from + 2;
  while (bytes[at] !== CR) at++;
  return at + 2;
}

/** Returns the decimal number before the next CR. */
export function numberAt(bytes: Uint8Array, at: number): number {
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  let number = 0;
  for (let byte = bytes[at]!; byte !== CR; byte = bytes[++at]!) number = number * 10 + byte - ZERO;
  return isNegative ? -number : number;
}

const NAMES: Readonly<Record<string, string>> = {
  "+": "a simple string",
  "-": "an error",
  ":": "an integer",
  "$": "a bulk string",
  "*": "an array",
  "%": "a map",
  "~": "a set",
  "#": "a boolean",
  ",": "a double",
  "(": "a big number",
  "=": "a verbatim string",
  "!": "a bulk error",
  "_": "null",
};

function nameOf(type: number): string {
  return NAMES[String.fromCharCode(type)] ?? `a reply of type ${type}`;
}
