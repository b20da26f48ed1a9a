/**
 * The steps without which no connection is read from: it is authenticated, in the right database, and
 * may read.
 *
 * @module
 */
import { utf8 } from "../core/utf8.ts";
import type { Handshake } from "./handshake.ts";
import type { LoopGuard } from "./loop_guard.ts";
import { mayNotRead, Refused } from "./refusal.ts";

/** As whom a connection reads, and from what. */
export interface Identity {
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
}

/** What Redis says to a password where its user needs none: today, and before version 6. */
const NEEDLESS = /called without any password configured|no password is set/;

/**
 * Authenticates, where there is a user or a password. A user without a password may be one that needs
 * none; without AUTH it would be the default user who reads.
 *
 * @returns Whether Redis wants the password.
 * @throws {Refused} When Redis does not take it.
 */
export async function authenticate(
  handshake: Handshake,
  { username, password }: Identity,
): Promise<boolean> {
  if (username === null && password === null) return true;
  const user = username === null ? [] : [username];
  try {
    wantOk("AUTH", await handshake.must("AUTH", ...[...user, password ?? ""].map(utf8)));
    return true;
  } catch (error) {
    if (error instanceof Refused && NEEDLESS.test(error.reply)) return false;
    throw error;
  }
}

/**
 * Selects the database, and reads a key that nobody has.
 *
 * @throws {Refused} When Redis refuses either, or says "not now".
 */
export async function prepareReads(
  handshake: Handshake,
  { database }: Identity,
  guard: LoopGuard,
): Promise<void> {
  const select = `SELECT ${database}`;
  await Promise.all([
    database === 0
      ? null
      : handshake.must("SELECT", String(database)).then((reply) => wantOk(select, reply)),
    probe(handshake, guard),
  ]);
}

/** An error that is about the key says nothing of others: an access list may allow those. */
async function probe(handshake: Handshake, guard: LoopGuard): Promise<void> {
  let reply: unknown;
  try {
    reply = await handshake.must("GET", guard.newKey());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const refused = guard.understand(error);
    if (refused.isPassing || mayNotRead(refused.reply)) throw refused;
    return;
  }
  guard.passed();
  if (reply !== null && typeof reply !== "string") {
    throw new Error(`GET was answered by ${typeof reply}: wanted a Redis`);
  }
}

function wantOk(step: string, reply: unknown): void {
  if (reply !== "OK") {
    throw new Error(`${step} was answered by ${JSON.stringify(reply)}: wanted OK`);
  }
}
