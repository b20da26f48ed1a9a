/**
 * Lists in field values: elements between commas, with optional white space around each.
 * Source: RFC 9110 sections 5.6.1 (lists) and 5.6.3 (white space).
 *
 * Only spaces and tabs are white space. JavaScript's trimming and its pattern class for white space
 * include 0x0B, 0x0C and 0xA0, which other servers read as a part of the value.
 *
 * @module
 */
import { SPACE, TAB } from "./characters.ts";

/** Returns the text without the spaces and tabs at its ends. */
export function trimWhiteSpace(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isWhiteSpace(text.charCodeAt(from))) from++;
  while (to > from && isWhiteSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Returns the elements of a list of tokens, in lower case; an element may be empty. */
export function tokensOf(value: string): string[] {
  return value.toLowerCase().split(",").map(trimWhiteSpace);
}

/** Everything up to the next comma outside quoted strings. An unterminated one ends the value. */
const ELEMENT = /(?:"(?:[^"\\]|\\.)*\\?(?:"|$)|[^",])+/g;

/** Returns the elements of a list that may contain quoted strings. */
export function elementsOf(value: string): string[] {
  return (value.match(ELEMENT) ?? []).map(trimWhiteSpace);
}

function isWhiteSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}
