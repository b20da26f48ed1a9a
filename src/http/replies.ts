/**
 * HTTP replies: heads and bodies, appended to an output. The constant parts of a head are encoded
 * once, the date once a second. Source: RFC 9110, 9111 (Age, Cache-Control), 9211 (Cache-Status).
 *
 * @module
 */
import { STATUS_TEXT, type StatusCode } from "@std/http/status";
import { Buffer } from "node:buffer";
import {
  type Answer,
  type CacheStatus,
  Failure,
  type Millis,
  type Part,
  type Value,
} from "../core/types.ts";
import type { Output } from "../server/output.ts";
import { HttpDate } from "./date.ts";
import { errorBody } from "./error_body.ts";
import type { HttpOptions } from "./options.ts";

/** The properties of a reply that do not depend on the answer. */
export interface ReplyMode {
  /** Whether the body is omitted (HEAD). */
  readonly isHead: boolean;
  /** Whether the connection ends after the reply. */
  readonly last: boolean;
  /** Lines of every reply to this client. */
  readonly lines: string;
  /** The media types that the client accepts. */
  readonly accept: string | null;
}

/** A value and the contents of its head. */
export interface Representation {
  readonly value: Value;
  /** The entity tag in quotes. */
  readonly tag: string;
  readonly status: CacheStatus;
}

/** A part of a value and the contents of its head. */
export interface PartialRepresentation {
  readonly bytes: Value;
  readonly part: Part;
  /** The entity tag of the value, in quotes; null if it is not known. */
  readonly tag: string | null;
  readonly status: CacheStatus;
}

const SERVER_LINES = "Server: redis-proxy\r\nX-Content-Type-Options: nosniff\r\n";
const NOT_STORABLE = "Cache-Control: no-store\r\n";
const PAGE_LINES = `Content-Type: text/plain; charset=utf-8\r\n${NOT_STORABLE}`;
const CLOSE = "Connection: close\r\n";

const ETAG = Buffer.from("ETag: ");
const AGE = Buffer.from("Age: ");
const MAX_AGE = Buffer.from("Cache-Control: max-age=");
const NO_CACHE = Buffer.from("Cache-Control: no-cache\r\n");
const HIT = Buffer.from("Cache-Status: redis-proxy; hit; ttl=");

export class Replies {
  readonly #date = new HttpDate();
  /** The status of the last reply. */
  lastStatus: StatusCode = 200;
  readonly #maxAge: Millis;
  readonly #valueLines: string;
  /** The head of a 200 up to its length, encoded for `#okDate`. */
  #ok: Uint8Array = new Uint8Array();
  #okDate = "";

  /** @param counts The replies by status. */
  constructor({ contentType, maxAge }: HttpOptions, readonly counts: Float64Array) {
    this.#maxAge = maxAge;
    this.#valueLines = `Content-Type: ${contentType}\r\nAccept-Ranges: bytes\r\n`;
  }

  /** 200 with a value. */
  whole(
    output: Output,
    now: Millis,
    { value, tag, status }: Representation,
    mode: ReplyMode,
  ): void {
    const date = this.#date.at(now);
    this.#count(200);
    if (date !== this.#okDate) {
      this.#okDate = date;
      this.#ok = Buffer.from(`${this.#head(200, now)}${this.#valueLines}Content-Length: `);
    }
    output.bytes(this.#ok);
    output.decimal(value.length);
    output.crlf();
    this.#describe(output, tag, status);
    end(output, mode);
    if (!mode.isHead) output.bytes(value);
  }

  /** 206 with a part of a value. */
  partial(
    output: Output,
    now: Millis,
    { bytes, part: { from, length }, tag, status }: PartialRepresentation,
    mode: ReplyMode,
  ): void {
    const range = `Content-Range: bytes ${from}-${from + bytes.length - 1}/${length}\r\n`;
    output.latin1(`${this.#start(206, now)}${this.#valueLines}${range}`);
    writeLength(output, bytes.length);
    this.#describe(output, tag, status);
    end(output, mode);
    output.bytes(bytes);
  }

  /** 304: the client already has the value. */
  notModified(output: Output, now: Millis, { tag, status }: Representation, mode: ReplyMode): void {
    output.latin1(this.#start(304, now));
    this.#describe(output, tag, status);
    end(output, mode);
  }

  /** 204 with these lines. */
  empty(output: Output, now: Millis, lines: string, mode: ReplyMode): void {
    output.latin1(this.#start(204, now) + lines);
    end(output, mode);
  }

  /** 200 with a page of plain text, which is not a value. */
  page(output: Output, now: Millis, text: Uint8Array, mode: ReplyMode): void {
    output.latin1(`${this.#start(200, now)}${PAGE_LINES}`);
    writeLength(output, text.length);
    end(output, mode);
    if (!mode.isHead) output.bytes(text);
  }

  /** An error: a sentence for a person, or a problem document for a program. */
  error(
    output: Output,
    now: Millis,
    status: StatusCode,
    detail: string,
    mode: ReplyMode,
    lines = "",
  ): void {
    const [type, body] = errorBody(status, detail, mode.accept);
    output.latin1(`${this.#start(status, now)}Content-Type: ${type}\r\n${NOT_STORABLE}${lines}`);
    writeLength(output, body.length);
    end(output, mode);
    if (!mode.isHead) output.bytes(body);
  }

  /** Counts a reply, and returns its beginning. */
  #start(status: StatusCode, now: Millis): string {
    this.#count(status);
    return this.#head(status, now);
  }

  #count(status: StatusCode): void {
    this.counts[status]!++;
    this.lastStatus = status;
  }

  #head(status: StatusCode, now: Millis): string {
    return `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\n${SERVER_LINES}` +
      `Date: ${this.#date.at(now)}\r\n`;
  }

  /** Appends the fields for other caches: the tag, the age, the lifetime and the origin of a value. */
  #describe(output: Output, tag: string | null, status: CacheStatus): void {
    const { via, age, timeLeft } = status;
    if (tag !== null) {
      output.bytes(ETAG);
      output.latin1(tag);
      output.crlf();
    }
    const isKept = via === "hit" || timeLeft < 0;
    const ageSeconds = isKept ? secondsOf(age) : 0;
    if (isKept) {
      output.bytes(AGE);
      output.decimal(ageSeconds);
      output.crlf();
    }
    const lifetime = secondsOf(Math.min(this.#maxAge, timeLeft));
    if (lifetime > 0) {
      // Other caches subtract the age from the lifetime, so the lifetime includes it.
      output.bytes(MAX_AGE);
      output.decimal(ageSeconds + lifetime);
      output.crlf();
    } else {
      output.bytes(NO_CACHE);
    }
    if (via === "hit" && timeLeft >= 0) {
      output.bytes(HIT);
      output.decimal(secondsOf(timeLeft));
      output.crlf();
    } else {
      output.latin1(cacheStatus(status));
    }
  }
}

/** The Cache-Status line of an answer. */
export function cacheStatus(
  { via, timeLeft, isStored, isCollapsed }: CacheStatus,
  answer: Answer = null,
): string {
  if (answer instanceof Failure && answer.reason === "uncached") {
    return "Cache-Status: redis-proxy; detail=only-if-cached\r\n";
  }
  const ttl = `; ttl=${secondsOf(timeLeft)}`;
  if (via === "hit") return `Cache-Status: redis-proxy; hit${ttl}\r\n`;
  const stored = isStored ? `; stored${ttl}` : "";
  const collapsed = isCollapsed ? "; collapsed" : "";
  return `Cache-Status: redis-proxy; fwd=${via}${stored}${collapsed}\r\n`;
}

/** Whole seconds, at most the maximum that caches support (RFC 9111 section 1.2.2). */
function secondsOf(duration: Millis): number {
  return Math.floor(Math.min(duration / 1000, 2 ** 31));
}

function writeLength(output: Output, length: number): void {
  output.latin1(`Content-Length: ${length}\r\n`);
}

function end(output: Output, { last, lines }: ReplyMode): void {
  if (lines !== "") output.latin1(lines);
  if (last) output.latin1(CLOSE);
  output.crlf();
}
