/**
 * How the replies of several nodes become one reply.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { parseReply, type Reply, ReplyError } from "../../origin/wire/reply.ts";

/** Makes one reply of several, as text. */
export type Join = (replies: readonly Reply[]) => string;

/** All say the same. */
export const same: Join = (replies) => encode(replies[0]!);

export const sum: Join = (replies) =>
  `:${replies.reduce<number>((all, one) => all + Number(one), 0)}\r\n`;

/** The elements of all arrays. */
export const concat: Join = (replies) => encode(replies.flat() as Reply[]);

/** The elements of all arrays, each once. */
export const union: Join = (replies) => encode([...new Set(replies.flat())] as Reply[]);

/** Of each element the least: 1 only if all say 1. */
export const least: Join = (replies) =>
  encode(
    (replies[0] as number[]).map((_, index) =>
      Math.min(...replies.map((one) => Number((one as Reply[])[index])))
    ),
  );

/** Names with numbers, the numbers of all added up. */
export const sumByName: Join = (replies) => {
  const totals = new Map<string, number>();
  for (const reply of replies as Reply[][]) {
    for (let at = 0; at < reply.length; at += 2) {
      const name = String(reply[at]);
      totals.set(name, (totals.get(name) ?? 0) + Number(reply[at + 1]));
    }
  }
  return encode([...totals].flat());
};

/** Puts the values of all parts in the order of the keys. */
export function valuesOf(
  parts: readonly { readonly places: readonly number[] }[],
  version: 2 | 3,
): Join {
  const nil = version === 3 ? "_\r\n" : "$-1\r\n";
  return (replies) => {
    const values: string[] = [];
    parts.forEach(({ places }, part) =>
      places.forEach((place, index) => {
        const value = (replies[part] as Reply[])[index]!;
        values[place] = value === null ? nil : bulk(String(value));
      })
    );
    return `*${values.length}\r\n${values.join("")}`;
  };
}

/** Joins replies; the first error among them is the reply. */
export function joined(replies: readonly Uint8Array[], join: Join): Uint8Array {
  const parsed = replies.map((one) => parseReply(one));
  const failed = parsed.findIndex((one) => one instanceof ReplyError);
  return failed >= 0 ? replies[failed]! : Buffer.from(join(parsed), "latin1");
}

/** Encodes what nodes reply with: simple strings such as OK, integers, bulk strings, arrays. */
export function encode(reply: Reply): string {
  if (reply === "OK") return "+OK\r\n";
  if (reply === null) return "$-1\r\n";
  if (typeof reply === "number" || typeof reply === "bigint") return `:${reply}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(element).join("")}`;
  return bulk(String(reply));
}

function element(reply: Reply): string {
  return typeof reply === "string" ? bulk(reply) : encode(reply);
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
