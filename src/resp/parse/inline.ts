/**
 * Inline commands: words between blanks, quoted as in redis-cli and redis.conf.
 * Source: `sdssplitargs` of Redis, to which its documentation of inline commands refers.
 *
 * @module
 */
import type { Input } from "../../server/input.ts";
import { INCOMPLETE, LAST_READ, TOO_LONG } from "./number_line.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Reads inline commands in any fragmentation. No byte is searched twice for the end of a line. */
export class InlineLine {
  /** The length of the last line, including its end, in bytes. */
  length = 0;
  /** Bytes that were searched for the end of the line. */
  #searched = 0;

  /** @param limit The longest line, in bytes. */
  constructor(readonly limit: number) {}

  /** Whether the next byte begins a line. */
  get isAtStart(): boolean {
    return this.#searched === 0;
  }

  /**
   * Reads the line at the start of the unread bytes.
   *
   * @returns Its words, INCOMPLETE, TOO_LONG, or null if its quotes are unbalanced.
   */
  read(input: Input): string[] | number | null {
    const { bytes, start, end } = input;
    const lf = bytes.subarray(start + this.#searched, end).indexOf(LF);
    const length = lf < 0 ? end - start : this.#searched + lf;
    if (length > (lf < 0 ? this.limit : this.limit + LAST_READ)) return TOO_LONG;
    this.#searched = lf < 0 ? length : 0;
    if (lf < 0) return INCOMPLETE;
    this.length = length + 1;
    const lineEnd = start + length;
    const textEnd = length > 0 && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    return textEnd === start ? NO_WORDS : splitInline(input.latin1(start, textEnd));
  }
}

const NO_WORDS: string[] = [];

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

/**
 * Splits a line into words: `"..."` may contain the escapes `\n \r \t \b \a \xHH`, `'...'` only `\'`.
 * A word may share the memory of the line.
 *
 * @returns Null if a quote is not closed, or is not followed by a blank.
 */
export function splitInline(line: string): string[] | null {
  if (!/["']/.test(line)) {
    return line.split(BLANKS).filter((word) => word !== "");
  }
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && BLANK.test(line[at]!)) at++;
    if (at >= line.length) return words;
    let word = "";
    while (at < line.length && !BLANK.test(line[at]!)) {
      const char = line[at]!;
      if (char !== '"' && char !== "'") {
        word += char;
        at++;
        continue;
      }
      const quoted = char === '"' ? doubleQuoted(line, at + 1) : singleQuoted(line, at + 1);
      if (quoted === null) return null;
      word += quoted.text;
      at = quoted.end;
      if (at < line.length && !BLANK.test(line[at]!)) return null;
    }
    words.push(word);
  }
}

const BLANK = /[\0\t\n\v\f\r ]/;
const BLANKS = /[\0\t\n\v\f\r ]+/;

interface Quoted {
  text: string;
  /** The position after the closing quote. */
  end: number;
}

function doubleQuoted(line: string, start: number): Quoted | null {
  let text = "";
  for (let at = start; at < line.length; at++) {
    const char = line[at]!;
    if (char === '"') return { text, end: at + 1 };
    if (char !== "\\" || at + 1 === line.length) {
      text += char;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
    if (hex !== null) {
      text += String.fromCharCode(parseInt(hex[1]!, 16));
      at += 3;
    } else {
      const escaped = line[++at]!;
      text += ESCAPES[escaped] ?? escaped;
    }
  }
  return null;
}

function singleQuoted(line: string, start: number): Quoted | null {
  let text = "";
  for (let at = start; at < line.length; at++) {
    const char = line[at]!;
    if (char === "'") return { text, end: at + 1 };
    if (char === "\\" && line[at + 1] === "'") at++;
    text += line[at]!;
  }
  return null;
}
