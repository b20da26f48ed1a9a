/**
 * Parses the field section of a request: bytes to names and values, line by line, so that parsing
 * continues when more bytes arrive. It is strict where leniency would let two programs read
 * different requests. Source: RFC 9112 sections 2.2 and 5.
 *
 * @module
 */
import type { Input } from "../server/input.ts";
import { COLON, CR, LF, PLACES, SPACE, TAB, TOKEN, VALUE } from "./characters.ts";
import { Refusal } from "./refusal.ts";

/** The fields that have a meaning here; all others are checked and skipped. */
const WANTED: ReadonlySet<string> = new Set([
  "accept",
  "access-control-request-method",
  "authorization",
  "cache-control",
  "connection",
  "content-length",
  "expect",
  "host",
  "if-match",
  "if-none-match",
  "if-range",
  "origin",
  "range",
  "transfer-encoding",
]);

/** The length of the name alone excludes most other fields. */
const WANTED_LENGTHS: ReadonlySet<number> = new Set([...WANTED].map(({ length }) => length));

/** Fields that make a request ambiguous, and therefore refused, if they are repeated. */
const SINGLE: ReadonlySet<string> = new Set(["content-length", "host", "transfer-encoding"]);

/** The most fields in a request, far above what clients send. */
const FIELD_COUNT = 128;

/** Values by lower-case name; repeated ones are joined with a comma. */
export type RawFields = ReadonlyMap<string, string>;

export class FieldSection {
  readonly fields = new Map<string, string>();
  #count = 0;

  /**
   * Reads lines until the empty line that ends the section.
   *
   * @param at The offset of the next line from the start of the input.
   * @returns The offset after the section, or the negated offset of the first incomplete line.
   */
  read(input: Input, at: number): number | Refusal {
    const { bytes, start, end } = input;
    for (let line = start + at;;) {
      if (bytes[line] === CR && line < end) {
        if (line + 1 === end) return start - line;
        return bytes[line + 1] === LF ? line + 2 - start : BARE_CR;
      }
      const next = this.#line(input, line);
      if (typeof next !== "number") return next;
      if (next < 0) return start - line;
      line = next;
    }
  }

  /** Reads the line at `from`; returns the position of the next one, or -1 if bytes are missing. */
  #line(input: Input, from: number): number | Refusal {
    const { bytes, end } = input;
    let at = from;
    while (at < end && (PLACES[bytes[at]!]! & TOKEN) !== 0) at++;
    if (at === end) return -1;
    if (bytes[at] !== COLON || at === from) return badName(bytes[at]!, at === from);
    const nameEnd = at++;
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    const valueAt = at;
    while (at < end && (PLACES[bytes[at]!]! & VALUE) !== 0) at++;
    if (at === end) return -1;
    if (bytes[at] !== CR) return bytes[at] === LF ? BARE_LF : BAD_VALUE;
    if (at + 1 === end) return -1;
    if (bytes[at + 1] !== LF) return BARE_CR;
    if (++this.#count > FIELD_COUNT) return TOO_MANY;
    let valueEnd = at;
    while (valueEnd > valueAt && (bytes[valueEnd - 1]! === SPACE || bytes[valueEnd - 1] === TAB)) {
      valueEnd--;
    }
    return this.#add(input, from, nameEnd, valueAt, valueEnd) ?? at + 2;
  }

  #add(
    input: Input,
    from: number,
    nameEnd: number,
    valueAt: number,
    valueEnd: number,
  ): Refusal | undefined {
    if (!WANTED_LENGTHS.has(nameEnd - from)) return undefined;
    const name = input.latin1(from, nameEnd).toLowerCase();
    if (!WANTED.has(name)) return undefined;
    const value = input.latin1(valueAt, valueEnd);
    const before = this.fields.get(name);
    if (before !== undefined && SINGLE.has(name)) {
      return new Refusal(400, `The field ${name} is repeated`);
    }
    this.fields.set(name, before === undefined ? value : `${before}, ${value}`);
    return undefined;
  }
}

const BARE_CR = new Refusal(400, "A carriage return has no line feed");
const BARE_LF = new Refusal(400, "A line feed has no carriage return");
const BAD_VALUE = new Refusal(400, "A field value contains a control character");
const TOO_MANY = new Refusal(431, `There are more than ${FIELD_COUNT} fields`);

function badName(byte: number, isFirst: boolean): Refusal {
  if (byte === LF) return BARE_LF;
  if (byte === CR) return new Refusal(400, "A field line has no colon");
  if (byte !== SPACE && byte !== TAB) {
    return new Refusal(400, "A field name contains an invalid character");
  }
  return new Refusal(
    400,
    isFirst
      ? "A field line begins with white space: folded lines are not supported"
      : "White space precedes the colon of a field",
  );
}
