/**
 * The first commands on a lane's connection: protocol, user, database. Each reply is checked,
 * because a failed step could serve a client the keys of another user or database.
 *
 * @module
 */
import type { Connection } from "../origin/wire/connection.ts";
import { type Reply, ReplyError } from "../origin/wire/reply.ts";
import type { Login } from "./lane_client.ts";

/** The contents of the first commands. Text is Latin-1: a code unit for each byte. */
export interface Greeting {
  readonly version: 2 | 3;
  /** The user; null if Redis requires no password. */
  readonly login: { readonly username: string | null; readonly password: string } | Login | null;
  readonly database: number;
  /** The name in CLIENT LIST; empty for none. */
  readonly name: string;
  readonly libraryName?: string;
  readonly libraryVersion?: string;
}

/** Redis refused a step. The message is that of Redis, and begins with its code. */
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
  // The name only helps people who read CLIENT LIST, so a refusal does no harm.
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
