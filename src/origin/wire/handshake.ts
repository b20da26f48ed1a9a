/**
 * The first words on a connection: who we are and which database we want. Each step is verified;
 * none may fail unnoticed.
 *
 * HELLO asks for RESP3, logs in and names the connection in one step. A server that does not know it,
 * or offers RESP2 alone, gets AUTH and CLIENT SETNAME instead.
 *
 * @module
 */
import { isNotNow } from "../../core/redis_errors.ts";
import type { Connection } from "./connection.ts";
import { fieldsOf, type Reply, ReplyError, textOf } from "./reply.ts";

/** As whom to speak, and where. Text is Latin-1: a code unit for each byte. */
export interface Identity {
  /** The ACL user; null for `default`. */
  readonly username: string | null;
  /** Null where none is needed. */
  readonly password: string | null;
  /** The number of the logical database. */
  readonly database: number;
  /** What CLIENT LIST shows. */
  readonly name: string;
}

/** What a server says of itself; null for what it does not say. */
export interface Greeting {
  readonly protocol: 2 | 3;
  readonly version: string | null;
  /** `standalone`, `sentinel` or `cluster`. */
  readonly mode: string | null;
}

/** A step that Redis refused. The message is its own, code first. */
export class Refused extends Error {}

/**
 * Says hello.
 *
 * @param protocol 3 asks for RESP3, and takes RESP2 where there is no other.
 * @throws {Refused} When Redis refuses the user, the password or the database.
 * @throws {Lost} When the connection ends meanwhile.
 */
export async function greet(
  connection: Connection,
  identity: Identity,
  protocol: 2 | 3,
): Promise<Greeting> {
  const greeting = protocol === 3 ? await hello(connection, identity) : null;
  if (greeting === null) await login(connection, identity);
  const { database } = identity;
  if (database !== 0) verify(await connection.call("SELECT", `${database}`));
  return greeting ?? { protocol: 2, version: null, mode: null };
}

/** Asks for RESP3; null where the server has none. */
async function hello(
  connection: Connection,
  { username, password, name }: Identity,
): Promise<Greeting | null> {
  const auth = password === null ? [] : ["AUTH", username ?? "default", password];
  const reply = await connection.call("HELLO", "3", ...auth, "SETNAME", name);
  if (reply instanceof ReplyError) {
    const isFinal = /^(NOAUTH|WRONGPASS) /.test(reply.message) || isNotNow(reply.message);
    if (isFinal) throw new Refused(reply.message);
    return null;
  }
  const fields = fieldsOf(reply);
  if (fields.get("proto") !== 3) return null;
  return { protocol: 3, version: textOf(fields.get("version")), mode: textOf(fields.get("mode")) };
}

async function login(
  connection: Connection,
  { username, password, name }: Identity,
): Promise<void> {
  if (password !== null) {
    const reply = await connection.call("AUTH", ...(username === null ? [] : [username]), password);
    // A server that wants no password takes HELLO with one, too.
    const isNeedless = reply instanceof ReplyError && /without any password/.test(reply.message);
    if (!isNeedless) verify(reply);
  }
  // It only helps people who look at CLIENT LIST: a refusal does no harm.
  await connection.call("CLIENT", "SETNAME", name);
}

/**
 * Sees to it that a step was done.
 *
 * @throws {Refused} When it was not.
 */
export function verify(reply: Reply): void {
  if (reply === "OK") return;
  throw new Refused(reply instanceof ReplyError ? reply.message : `ERR unexpected reply ${reply}`);
}
