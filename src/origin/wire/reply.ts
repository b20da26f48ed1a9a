/**
 * Replies of Redis as values, in RESP2 and RESP3: for handshakes, probes and what Redis tells. What
 * passes in great numbers is not read this way.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** An error that Redis replied with. The message is its own, code first. */
export class ReplyError {
  constructor(readonly message: string) {}
}

/**
 * A reply. Text is Latin-1: a code unit for each byte. Bulk and verbatim strings are bytes of their
 * own. Sets and pushes are arrays. Attributes are left out.
 */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReplyError
  | Reply[]
  | Map<Reply, Reply>;

/** How deep a reply may be nested; what Redis answers is flatter by far. */
const DEPTH_MAX = 64;

const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads the reply that begins at `from`; all of it must be there.
 *
 * @throws {Error} When it is nested too deeply.
 */
export function parseReply(bytes: Uint8Array, from = 0): Reply {
  return new ReplyParser(bytes, from).next();
}

/** The text of a bulk or simple string; null for another reply. */
export function textOf(reply: Reply | undefined): string | null {
  if (reply instanceof Uint8Array) return latin1(reply, 0, reply.length);
  return typeof reply === "string" ? reply : null;
}

/** The fields of a map, which RESP2 writes as an array; none of another reply. */
export function fieldsOf(reply: Reply): Map<string, Reply> {
  const flat = reply instanceof Map ? [...reply].flat() : Array.isArray(reply) ? reply : [];
  const fields = new Map<string, Reply>();
  for (let at = 0; at + 1 < flat.length; at += 2) {
    fields.set(textOf(flat[at]) ?? "", flat[at + 1]!);
  }
  return fields;
}

/** The bytes in `[from, to)` as text. */
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
        return this.#bulk(Number(line))?.subarray(4) ?? null; // after "txt:" or "mkd:"
      case "!":
        return new ReplyError(textOf(this.#bulk(Number(line))) ?? "");
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

  #bulk(length: number): Uint8Array | null {
    if (length < 0) return null;
    const bytes = this.bytes.slice(this.at, this.at + length);
    this.at += length + 2;
    return bytes;
  }

  #several(count: number): Reply[] {
    return Array.from({ length: count }, () => this.next());
  }

  #map(count: number): Map<Reply, Reply> {
    return new Map(
      Array.from({ length: count }, (): [Reply, Reply] => {
        const key = this.next();
        return [textOf(key) ?? key, this.next()];
      }),
    );
  }
}

function integerOf(line: string): number | bigint {
  const number = Number(line);
  return Number.isSafeInteger(number) ? number : BigInt(line);
}

function doubleOf(line: string): number {
  return line.endsWith("inf") ? (line.startsWith("-") ? -Infinity : Infinity) : Number(line);
}
