/**
 * A strict reader of RESP2 and RESP3 replies that shares no code with the program.
 *
 * @module
 */

/** Whether a text of code units 0 to 255 consists of complete replies. */
export function isReplies(text: string): boolean {
  let at = 0;
  while (at >= 0 && at < text.length) at = afterReply(text, at);
  return at === text.length;
}

/** The end of the reply that starts at a position; -1 if there is none. */
function afterReply(text: string, start: number): number {
  const cr = text.indexOf("\r", start);
  if (cr < 0 || text[cr + 1] !== "\n") return -1;
  const line = text.slice(start + 1, cr);
  const next = cr + 2;
  if (line.includes("\n")) return -1;
  const count = /^(0|[1-9]\d*)$/.test(line) ? Number(line) : line === "-1" ? -1 : NaN;
  switch (text[start]) {
    case "+":
    case "-":
      return next;
    case ":":
      return /^-?\d+$/.test(line) ? next : -1;
    case "_":
      return line === "" ? next : -1;
    case "$":
    case "=":
      if (count === -1) return next;
      return text.slice(next + count, next + count + 2) === "\r\n" ? next + count + 2 : -1;
    case "*":
    case "~":
    case "%": {
      if (Number.isNaN(count)) return -1;
      let at = next;
      for (let left = text[start] === "%" ? 2 * count : count; left > 0 && at >= 0; left--) {
        at = afterReply(text, at);
      }
      return at;
    }
    default:
      return -1;
  }
}
