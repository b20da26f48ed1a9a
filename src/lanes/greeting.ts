/**
 * The first commands on a lane's connection: which protocol, as whom, and which database. Each of
 * them is verified; one that fails unnoticed would serve a client another user's or database's keys.
 *
 * @module
 */
import type { Connection } from "../origin/wire/connection.ts";
import { type Reply, ReplyError } from "../origin/wire/reply.ts";
import type { Login } from "./lane_client.ts";

/** What a new connection is told before it is used. Text is Latin-1: a code unit for each byte. */
export interface Greeting {
  readonly version: 2 | 3;
  /** The user; null where Redis wants no password. */
  readonly login: { readonly username: string | null; readonly password: string } | Login | null;
  readonly database: number;
  /** What CLIENT LIST shows; empty for none. */
  readonly name: string;
  readonly libraryName?: string;
  readonly libraryVersion?: string;
}

/** Redis refused a step; the message is its own, code first. */
export class Refused extends Error {}

/**
 * Makes a connection ready.
 *
 * @throws {Refused} When Redis refuses the protocol, the user, the password or the database.
 */
export async function greet(connection: Connection, greeting: Greeting): Promise<void> {
  const { version, login, database, name, libraryName, libraryVersion } = greeting;
  if (login !== null) {
    const user = login.username === null ? [] : [login.username];
    mustBeOk(await connection.call("AUTH", ...user, login.password));
  }
  if (version === 3) noError(await connection.call("HELLO", "3"));
  if (database !== 0) mustBeOk(await connection.call("SELECT", `${database}`));
  // Names only help people who look at CLIENT LIST: a refusal does no harm.
  if (name !== "") await connection.call("CLIENT", "SETNAME", name);
  if (libraryName) await connection.call("CLIENT", "SETINFO", "LIB-NAME", libraryName);
  if (libraryVersion) await connection.call("CLIENT", "SETINFO", "LIB-VER", libraryVersion);
}

function noError(reply: Reply): void {
  if (reply instanceof ReplyError) throw new Refused(reply.message);
}

function mustBeOk(reply: Reply): void {
  noError(reply);
  if (reply !== "OK") throw new Refused(`ERR unexpected reply to the handshake: ${reply}`);
}
