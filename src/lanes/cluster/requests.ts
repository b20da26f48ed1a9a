/**
 * Requests as words, and words as requests.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CommandSpec } from "../../commands/spec.ts";
import { requestOf } from "../../origin/wire/outbox.ts";
import { Passable } from "../passable.ts";

const LF = 0x0a;
const CR = 0x0d;
const ZERO = 0x30;

/** The words of each request in these bytes: arrays of bulk strings, one after the other. */
export function requestsIn(bytes: Uint8Array): string[][] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const requests: string[][] = [];
  let at = 0;
  const number = () => {
    const end = buffer.indexOf(LF, at);
    const value = Number(buffer.toString("latin1", at + 1, end - 1));
    at = end + 1;
    return value;
  };
  while (at < buffer.length) {
    const words = Array.from({ length: number() }, () => {
      const length = number();
      const word = buffer.toString("latin1", at, at + length);
      at += length + 2;
      return word;
    });
    requests.push(words);
  }
  return requests;
}

/** A request with these words, of the same command. Its reply comes in one piece, even if it is long. */
export function requestWith(spec: CommandSpec | undefined, words: readonly string[]): Passable {
  const list = { count: words.length, string: (index: number) => words[index]! };
  return new Passable(requestOf(...words), spec, list, (reply) => reply);
}

/** A word of a request, counted from 0; "" beyond its end. */
export function wordAt(bytes: Uint8Array, index: number): string {
  let at = bytes.indexOf(LF) + 1;
  for (let word = 0; at > 0 && at < bytes.length; word++) {
    let length = 0;
    for (at++; bytes[at]! !== CR; at++) length = 10 * length + bytes[at]! - ZERO;
    at += 2;
    if (word === index) {
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(
        "latin1",
        at,
        at + length,
      );
    }
    at += length + 2;
  }
  return "";
}
