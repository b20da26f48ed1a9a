/**
 * Which bytes may stand where in a request: one table, a bit for each place.
 *
 * @module
 */

/** In a method or a field name. Source: RFC 9110 section 5.6.2. */
export const TOKEN = 1;

/** In a field value. Source: RFC 9110 section 5.5, with bytes above ASCII taken as they are. */
export const VALUE = 2;

/**
 * In a request target: visible ASCII but for `"`, `#`, `<` and `>`, which no client sends without
 * their escapes (URL Standard, path percent-encode set). Braces are taken, for Redis has hash tags.
 */
export const TARGET = 4;

/** In a target, and standing for itself in a path: all of `TARGET` but `%` and `?`. */
export const PLAIN = 8;

/** The places in which each byte may stand. */
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
