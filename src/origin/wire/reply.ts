/**
 * Replies of Redis as values, in RESP2 and RESP3: for handshakes, probes and invalidations. The many
 * replies to reads and passed commands are not decoded this way.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** An error reply. The message is that of Redis, and begins with its code. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
}

/**
 * A reply. Strings of all kinds are text whose code units are the bytes (Latin-1). Sets and pushes are
 * arrays. Attributes are left out.
 */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Reply[]
  | Map<Reply, Reply>;

/** The deepest nesting of a reply. Redis's replies are far flatter. */
const DEPTH_MAX = 64;

const CR = 0x0d;
const LF = 0x0a;

/**
 * Decodes the complete reply that begins at `from`.
 *
 * @throws {Error} If it is nested too deeply.
 */
export function parseReply(bytes: Uint8Array, from = 0): Reply {
  return new ReplyParser(bytes, from).next();
}

/** Returns a field of a map, which RESP2 writes as an array; undefined if there is none. */
export function fieldOf(reply: Reply, name: string): Reply | undefined {
  if (reply instanceof Map) return reply.get(name);
  if (!Array.isArray(reply)) return undefined;
  const at = reply.findIndex((one, index) => index % 2 === 0 && one === name);
  return at < 0 ? undefined : reply[at + 1];
}

/** Returns the bytes `[from, to)` as text. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
}

class ReplyParser {
  #depth = 0;

  constructor(readonly bytes: Uint8Array, public at: number) {}

  next(): Reply {
    if (this.#depth > DEPTH_MAX) throw new Error("Redis sent a reply that is nested too deeply");
    this.#depth++;
    const reply = this.#read();
    this.#depth--;
    return reply;
  }

  #read(): Reply {
    const type = String.fromCharCode(this.bytes[this.at]!);
    const line = this.#line();
    switch (type) {
      case "+":
        return line;
      case "-":
        return new ReplyError(line);
      case ":":
      case "(":
        return integerOf(line);
      case ",":
        return doubleOf(line);
      case "#":
        return line === "t";
      case "$":
        return this.#bulk(Number(line));
      case "=":
        return this.#bulk(Number(line))!.slice(4); // after "txt:" or "mkd:"
      case "!":
        return new ReplyError(this.#bulk(Number(line))!);
      case "*":
      case "~":
      case ">":
        return Number(line) < 0 ? null : this.#several(Number(line));
      case "%":
        return this.#map(Number(line));
      case "|":
        this.#several(2 * Number(line));
        return this.next();
      default: // "_"
        return null;
    }
  }

  #line(): string {
    let end = this.at;
    while (this.bytes[end] !== CR || this.bytes[end + 1] !== LF) end++;
    const line = latin1(this.bytes, this.at + 1, end);
    this.at = end + 2;
    return line;
  }

  #bulk(length: number): string | null {
    if (length < 0) return null;
    const text = latin1(this.bytes, this.at, this.at + length);
    this.at += length + 2;
    return text;
  }

  #several(count: number): Reply[] {
    return Array.from({ length: count }, () => this.next());
  }

  #map(count: number): Map<Reply, Reply> {
    return new Map(Array.from({ length: count }, () => [this.next(), this.next()]));
  }
}

function integerOf(line: string): number | bigint {
  const number = Number(line);
  return Number.isSafeInteger(number) ? number : BigInt(line);
}

function doubleOf(line: string): number {
  return line.endsWith("inf") ? (line.startsWith("-") ? -Infinity : Infinity) : Number(line);
}
