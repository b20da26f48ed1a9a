/**
 * Reads RESP2 and RESP3 replies from a raw connection with their types. A test of the wire must
 * not see replies that a client has translated.
 *
 * @module
 */
import type { RawClient } from "../../support/client.ts";

/** One reply; `type` is its first byte. */
export type Reply =
  | { readonly type: "+" | "-" | "$" | "="; readonly text: string }
  | { readonly type: ":"; readonly number: number }
  | { readonly type: "null"; readonly wire: "$-1" | "*-1" | "_" }
  | { readonly type: "*" | "~" | ">"; readonly items: readonly Reply[] }
  | { readonly type: "%"; readonly entries: readonly (readonly [Reply, Reply])[] };

export async function readReply(client: RawClient): Promise<Reply> {
  const line = (await client.until("\r\n")).slice(0, -2);
  const [type, rest] = [line.charAt(0), line.slice(1)];
  switch (type) {
    case "+":
    case "-":
      return { type, text: rest };
    case ":":
      return { type, number: Number(rest) };
    case "_":
      return { type: "null", wire: "_" };
    case "$":
    case "=":
      if (rest === "-1") return { type: "null", wire: "$-1" };
      return { type, text: (await client.text(Number(rest) + 2)).slice(0, -2) };
    case "*":
    case "~":
    case ">":
      if (rest === "-1") return { type: "null", wire: "*-1" };
      return { type, items: await readReplies(client, Number(rest)) };
    case "%": {
      const flat = await readReplies(client, 2 * Number(rest));
      const entries = flat.flatMap((key, index) =>
        index % 2 === 0 ? [[key, flat[index + 1]!] as const] : []
      );
      return { type, entries };
    }
    default:
      throw new Error(`Cannot read a reply that starts with ${JSON.stringify(line)}`);
  }
}

async function readReplies(client: RawClient, count: number): Promise<Reply[]> {
  const replies: Reply[] = [];
  while (replies.length < count) replies.push(await readReply(client));
  return replies;
}
