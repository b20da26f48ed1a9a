/**
 * The first commands on a lane's connection: protocol, user, database. Each reply is checked,
 * because a failed step could serve a client the keys of another user or database.
 *
 * @module
 */
import { saysBusy } from "../core/redis_errors.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { type Reply, ReplyError } from "../origin/wire/reply.ts";
import type { Login } from "./lane_client.ts";

/** The contents of the first commands. Text is Latin-1: a code unit for each byte. */
export interface Greeting {
  readonly version: 2 | 3;
  /** The proxy's own user; null if Redis requires no password. */
  readonly own: { readonly username: string | null; readonly password: string } | null;
  /** The client's own user; null for that of the proxy. */
  readonly login: Login | null;
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
  const { version, own, login, database, name, libraryName, libraryVersion } = greeting;
  const ask = (...words: string[]) => connection.call(...words).catch(refuse);
  const enter = async ({ username, password }: { username: string | null; password: string }) => {
    mustBeOk(await ask("AUTH", ...(username === null ? [] : [username]), password));
  };
  const select = async () => mustBeOk(await ask("SELECT", `${database}`));
  const enterOwn = async () => {
    if (own !== null) await enter(own);
    if (database !== 0) await select();
  };
  if (login === null) {
    await enterOwn();
  } else {
    // After a login as another user, a client keeps its database, even if that user may not SELECT.
    const isSelected = database === 0 || await succeeds(enterOwn());
    await enter(login);
    if (!isSelected) await select();
  }
  if (version === 3) await ask("HELLO", "3");
  // The name only helps people who read CLIENT LIST, so a refusal does no harm.
  const tell = (...words: string[]) => connection.call(...words).catch(passOver);
  if (name !== "") {
    const named = await tell("CLIENT", "SETNAME", name);
    // While a script keeps Redis busy, it still takes HELLO.
    if (isBusy(named)) await tell("HELLO", `${version}`, "SETNAME", name);
  }
  if (libraryName) await tell("CLIENT", "SETINFO", "LIB-NAME", libraryName);
  if (libraryVersion) await tell("CLIENT", "SETINFO", "LIB-VER", libraryVersion);
}

/** Whether Redis has not refused something. */
function succeeds(asked: Promise<void>): Promise<boolean> {
  return asked.then(() => true, (error) => {
    if (error instanceof Refused) return false;
    throw error;
  });
}

function refuse(error: Error): never {
  throw error instanceof ReplyError ? new Refused(error.message) : error;
}

function passOver(error: Error): ReplyError {
  if (error instanceof ReplyError) return error;
  throw error;
}

/** Whether Redis refuses a command because it is busy with a script. */
export function isBusy(reply: unknown): boolean {
  return reply instanceof Error && saysBusy(reply.message);
}

function mustBeOk(reply: Reply): void {
  if (reply !== "OK") throw new Refused(`ERR unexpected reply to the handshake: ${reply}`);
}
