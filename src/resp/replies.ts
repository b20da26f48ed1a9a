/**
 * RESP replies: constants that are encoded once, and functions that append to an output.
 * Source: Redis serialization protocol specification.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Output } from "../output.ts";

/** Encodes text whose code units are all below 256. */
export function encode(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export const OK = encode("+OK\r\n");
export const PONG = encode("+PONG\r\n");
export const NULL_BULK = encode("$-1\r\n");
export const EMPTY_ARRAY = encode("*0\r\n");

const ARRAY = 0x2a;
const BULK = 0x24;

/** Appends a bulk string: `$<length>`, the bytes. */
export function writeBulk(output: Output, value: Uint8Array): void {
  output.byte(BULK);
  output.decimal(value.length);
  output.crlf();
  output.bytes(value);
  output.crlf();
}

/** Appends the head of an array of `length` replies. */
export function writeArray(output: Output, length: number): void {
  output.byte(ARRAY);
  output.decimal(length);
  output.crlf();
}

/** Appends an error; `message` starts with its code. Line breaks would end it early: blanks. */
export function writeError(output: Output, message: string): void {
  output.latin1(`-${message.replace(/[\r\n]/g, " ")}\r\n`);
}
