/**
 * Splits received bytes into HTTP replies by the length that each one states.
 *
 * @module
 */

/** One reply as received. */
export interface RawReply {
  readonly status: number;
  /** The status line and the field lines. */
  readonly lines: readonly string[];
  /** The body, of code units 0 to 255. */
  readonly body: string;
}

/**
 * Splits replies.
 *
 * @param text Everything received, as code units 0 to 255.
 * @param methods The methods of the requests, in order: replies to HEAD have no body.
 */
export function splitReplies(text: string, methods: readonly string[] = []): RawReply[] {
  const replies: RawReply[] = [];
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const lines = rest.slice(0, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) [A-Z]/.exec(lines[0]!)?.[1]);
    if (end < 0 || Number.isNaN(status)) throw new Error(`Not a reply: ${JSON.stringify(rest)}`);
    const length = /\r\nContent-Length: (\d+)\r\n/.exec(rest.slice(0, end + 2))?.[1];
    const isEmpty = status === 204 || status === 304 || methods[replies.length] === "HEAD";
    if (!isEmpty && length === undefined) throw new Error(`No length: ${JSON.stringify(rest)}`);
    const bodyEnd = end + 4 + (isEmpty ? 0 : Number(length));
    if (bodyEnd > rest.length) throw new Error(`Cut short: ${JSON.stringify(rest)}`);
    replies.push({ status, lines, body: rest.slice(end + 4, bodyEnd) });
    rest = rest.slice(bodyEnd);
  }
  return replies;
}

/** The value of a reply's header field; `undefined` if it is missing. */
export function fieldOf(reply: RawReply, name: string): string | undefined {
  const start = `${name.toLowerCase()}: `;
  return reply.lines.find((line) => line.toLowerCase().startsWith(start))?.slice(start.length);
}
