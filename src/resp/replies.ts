/**
 * RESP replies. Replies of the hot path are encoded once, or appended to an output piece by piece.
 * All others are made as text of code units 0 to 255, in the version that the client speaks.
 * Source: Redis serialization protocol specification, versions 2 and 3.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { errorReply } from "../core/failure_error.ts";
import type { Output } from "../server/output.ts";

export { errorReply as error } from "../core/failure_error.ts";

/** The version of RESP that a connection speaks. */
export type RespVersion = 2 | 3;

/** Encodes text whose code units are all below 256. */
export function encode(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export const OK = encode("+OK\r\n");
export const PONG = encode("+PONG\r\n");

/** The reply for a missing value, by version. */
export const NIL: Readonly<Record<RespVersion, Uint8Array>> = {
  2: encode("$-1\r\n"),
  3: encode("_\r\n"),
};

const ARRAY = 0x2a;
const BULK = 0x24;
const INTEGER = 0x3a;

/** Appends a bulk string. */
export function writeBulk(output: Output, value: Uint8Array): void {
  output.counted(BULK, value);
}

/** Appends the head of an array of `length` replies. */
export function writeArray(output: Output, length: number): void {
  output.byte(ARRAY);
  output.decimal(length);
  output.crlf();
}

/** Appends a non-negative integer. */
export function writeInteger(output: Output, value: number): void {
  output.byte(INTEGER);
  output.decimal(value);
  output.crlf();
}

/** Appends an error; `message` begins with its code. */
export function writeError(output: Output, message: string): void {
  output.latin1(errorReply(message));
}

export function simple(text: string): string {
  return `+${text}\r\n`;
}

export function integer(value: number): string {
  return `:${value}\r\n`;
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** An array of encoded replies. */
export function array(items: readonly string[]): string {
  return `*${items.length}\r\n${items.join("")}`;
}

/** A set of encoded replies; an array in version 2. */
export function set(version: RespVersion, items: readonly string[]): string {
  return `${version === 3 ? "~" : "*"}${items.length}\r\n${items.join("")}`;
}

/** A map of names to encoded replies; in version 2 an array of names and replies in turn. */
export function map(version: RespVersion, fields: readonly (readonly [string, string])[]): string {
  const head = version === 3 ? `%${fields.length}` : `*${fields.length * 2}`;
  return `${head}\r\n${fields.map(([name, reply]) => bulk(name) + reply).join("")}`;
}

/** Text for people: a verbatim string; a bulk string in version 2. */
export function verbatim(version: RespVersion, text: string): string {
  return version === 3 ? `=${text.length + 4}\r\ntxt:${text}\r\n` : bulk(text);
}

/** The reply for a missing value, as text. */
export function nil(version: RespVersion): string {
  return version === 3 ? "_\r\n" : "$-1\r\n";
}
