/**
 * The bytes that are allowed in each part of a request: one table, with a bit for each part.
 *
 * @module
 */

/** In a method or a field name. Source: RFC 9110 section 5.6.2. */
export const TOKEN = 1;

/** In a field value. Source: RFC 9110 section 5.5, with bytes above ASCII allowed. */
export const VALUE = 2;

/**
 * In a request target: visible ASCII except `"`, `#`, `<` and `>`, which clients always escape (URL
 * Standard, path percent-encode set). Braces are allowed because Redis has hash tags.
 */
export const TARGET = 4;

/** In a path, unescaped: all of `TARGET` except `%` and `?`. */
export const PLAIN = 8;

/** The parts in which each byte is allowed. */
export const PLACES = new Uint8Array(256);

for (let byte = 0; byte < 256; byte++) {
  const char = String.fromCharCode(byte);
  const isVisible = byte > 0x20 && byte < 0x7f;
  const isTarget = isVisible && !'"#<>'.includes(char);
  PLACES[byte] = (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(char) ? TOKEN : 0) |
    (isVisible || byte >= 0x80 || char === " " || char === "\t" ? VALUE : 0) |
    (isTarget ? TARGET : 0) |
    (isTarget && char !== "%" && char !== "?" ? PLAIN : 0);
}

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;
