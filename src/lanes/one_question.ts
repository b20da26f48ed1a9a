/**
 * Questions to Redis that take a new connection, because the open ones may be busy or lost.
 *
 * @module
 */
import { Failure } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";
import type { Reply } from "../origin/wire/reply.ts";
import type { Known } from "./half_open.ts";
import type { LanesOptions } from "./options.ts";

type Open = LanesOptions["open"];

/** The name of the connection in CLIENT LIST. */
const OPENING = { version: 2, name: "redis-proxy-probe", login: null } as const;

/** Returns which of these ids Redis has at a place, and whether each is blocked; null if unknown. */
export async function knownIds(
  open: Open,
  ids: readonly number[],
  place?: OriginAddress,
): Promise<Known | null> {
  const list = await ask(open, ["CLIENT", "LIST", "ID", ...ids.map(String)], place);
  return typeof list === "string" ? knownIn(list) : null;
}

/** Returns the ids in a reply to CLIENT LIST, and whether each is blocked. */
export function knownIn(list: string): Known {
  const lines = list.matchAll(/^id=(\d+) .* flags=(\w+)/gm);
  return new Map(Array.from(lines, ([, id, flags]) => [Number(id), flags!.includes("b")]));
}

/** Whether Redis answers nothing without a password; false also if it does not say. */
export async function needsPassword(open: Open, place?: OriginAddress): Promise<boolean> {
  const reply = await ask(open, ["PING"], place);
  return reply instanceof Error && reply.message.includes("NOAUTH");
}

/** Returns why Redis does not let the proxy use a database; null if it does. */
export async function selects(open: Open, database: number): Promise<Error | null> {
  const reply = await ask(open, ["SELECT", `${database}`]);
  if (reply === "OK") return null;
  return reply instanceof Error ? reply : new Error(`unexpected reply to SELECT: ${reply}`);
}

/** Returns the reply, or the reason why there is none. */
async function ask(
  open: Open,
  words: readonly string[],
  place?: OriginAddress,
): Promise<Reply | Error> {
  let reply: Reply | Error = null;
  const opened = await open(OPENING, async (connection: Connection) => {
    reply = await connection.call(...words).catch((error: Error) => error);
  }, place);
  if (opened instanceof Failure) return new Error(opened.message);
  opened.close("its work is done");
  return reply;
}
