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
  const ask = (...words: string[]) => connection.call(...words).catch(refuse);
  if (login !== null) {
    const user = login.username === null ? [] : [login.username];
    mustBeOk(await ask("AUTH", ...user, login.password));
  }
  if (version === 3) await ask("HELLO", "3");
  if (database !== 0) mustBeOk(await ask("SELECT", `${database}`));
  // The name only helps people who read CLIENT LIST, so a refusal does no harm.
  const tell = (...words: string[]) => connection.call(...words).catch(passOver);
  if (name !== "") await tell("CLIENT", "SETNAME", name);
  if (libraryName) await tell("CLIENT", "SETINFO", "LIB-NAME", libraryName);
  if (libraryVersion) await tell("CLIENT", "SETINFO", "LIB-VER", libraryVersion);
}

function refuse(error: Error): never {
  throw error instanceof ReplyError ? new Refused(error.message) : error;
}

function passOver(error: Error): void {
  if (!(error instanceof ReplyError)) throw error;
}

function mustBeOk(reply: Reply): void {
  if (reply !== "OK") throw new Refused(`ERR unexpected reply to the handshake: ${reply}`);
}
