/**
 * The required steps before the first read of a connection: authentication, the right database, and
 * the right to read.
 *
 * @module
 */
import { utf8 } from "../core/utf8.ts";
import type { Handshake } from "./handshake.ts";
import type { LoopGuard } from "./loop_guard.ts";
import { mayNotRead, Refused } from "./refusal.ts";

/** The user and the database of a connection. */
export interface Identity {
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  /** Whether a replica in a cluster is to serve reads. */
  readonly isReadOnly?: boolean;
}

/** Redis's errors for a password that the user does not need: today's, and that before version 6. */
const NEEDLESS = /called without any password configured|no password is set/;

/**
 * Authenticates, if there is a user or a password. A user may need no password, but without AUTH the
 * default user would read.
 *
 * @returns Whether Redis wants the password.
 * @throws {Refused} If Redis refuses.
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
 * Selects the database, has a replica serve reads, and reads a random key.
 *
 * @throws {Refused} If Redis refuses one of them, or says "not now".
 */
export async function prepareReads(
  handshake: Handshake,
  { database, isReadOnly }: Identity,
  guard: LoopGuard,
): Promise<void> {
  const select = `SELECT ${database}`;
  await Promise.all([
    isReadOnly !== true
      ? null
      : handshake.must("READONLY").then((reply) => wantOk("READONLY", reply)),
    database === 0
      ? null
      : handshake.must("SELECT", String(database)).then((reply) => wantOk(select, reply)),
    probe(handshake, guard),
  ]);
}

/** Ignores an error about this key, because an access list may allow other keys. */
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
