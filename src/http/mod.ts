/**
 * HTTP as a protocol of this server: `GET /key` reads a key, and which outcome is which status.
 * Source: RFC 9110 for methods and statuses, RFC 9112 for the connection.
 *
 * @module
 */
import {
  type ClientRequest,
  Entry,
  type Failure,
  type Key,
  type Lookup,
  type Millis,
  type Outcome,
  type Protocol,
} from "../protocol.ts";
import type { Input } from "../input.ts";
import type { Output } from "../output.ts";
import { BadRequest, type Head, HttpParser } from "./parser.ts";
import { type ReplyMode, writeFound, writeText } from "./replies.ts";
import { keyOf } from "./target.ts";

/** Methods that are defined, but not for a key here; all others are unknown. */
const OTHER_METHODS = new Set(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"]);

export class Http implements Protocol {
  readonly #parser = new HttpParser();

  next(input: Input): ClientRequest | undefined {
    const head = this.#parser.next(input);
    if (head === undefined) return undefined;
    if (head instanceof BadRequest) {
      const mode = { isHead: false, last: true, isHttp11: true };
      return new Told(mode, (output) => writeText(output, head.status, head.reason, mode));
    }
    const mode = modeOf(head);
    if (!["GET", "HEAD"].includes(head.method)) {
      const status = OTHER_METHODS.has(head.method) ? 405 : 501;
      const text = `Cannot ${head.method} a key: wanted GET or HEAD`;
      return new Told(mode, (output) => {
        writeText(output, status, text, mode, "Allow: GET, HEAD\r\n");
      });
    }
    const key = keyOf(head.target);
    if (key !== null) return new Read(key, mode);
    return new Told(mode, (output) => {
      writeText(output, 400, "The target is not a path of valid percent-encoding", mode);
    });
  }
}

/** A request that needs no lookup. */
class Told implements ClientRequest {
  constructor(readonly mode: ReplyMode, readonly reply: (output: Output) => void) {}

  get last(): boolean {
    return this.mode.last;
  }

  read(): undefined {}
}

/** GET or HEAD of a key. */
class Read implements ClientRequest {
  constructor(readonly key: Key, readonly mode: ReplyMode) {}

  get last(): boolean {
    return this.mode.last;
  }

  read(lookup: Lookup, now: Millis): Outcome | Promise<Outcome> {
    return lookup.get(this.key, now);
  }

  reply(output: Output, found: Outcome): void {
    if (found instanceof Entry) writeFound(output, found.value, this.mode);
    else if (found === null) writeText(output, 404, "No such key", this.mode);
    else writeFailure(output, found, this.mode);
  }
}

function writeFailure(output: Output, { reason, message }: Failure, mode: ReplyMode): void {
  switch (reason) {
    case "away":
    case "busy":
      return writeText(output, 503, message, mode, "Retry-After: 1\r\n");
    case "timeout":
    case "uncached":
      return writeText(output, 504, message, mode);
    case "reply":
      return writeText(output, message.startsWith("WRONGTYPE ") ? 409 : 502, message, mode);
  }
}

/** RFC 9112 section 9.3: who closes, and who has to ask for the connection to stay. */
function modeOf({ method, isHttp11, fields }: Head): ReplyMode {
  const options = (fields.get("connection") ?? "").toLowerCase().split(/[ \t]*,[ \t]*/);
  const last = options.includes("close") || (!isHttp11 && !options.includes("keep-alive"));
  return { isHead: method === "HEAD", last, isHttp11 };
}
