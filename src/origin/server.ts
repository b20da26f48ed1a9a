/**
 * What a server says of itself: its version, which run of it this is, and whether it is a master.
 *
 * @module
 */
import type { Handshake } from "./handshake.ts";
import { Declined } from "./refusal.ts";

/** What a server says of itself. */
export interface Server {
  readonly version: string | null;
  /** Tells one run of one server from all others. */
  readonly runId: string | null;
}

/** How a server can be asked for its role: not every access list allows the first. */
const ROLE_QUESTIONS: readonly [command: string, ...args: string[]][] = [
  ["ROLE"],
  ["INFO", "replication"],
];

/** What a server says of itself; null where it may not be asked. */
export async function serverOf(handshake: Handshake): Promise<Server | null> {
  const info = await ifAllowed(handshake, "INFO", "server");
  if (info === null) return null;
  return { version: field(info, "redis_version"), runId: field(info, "run_id") };
}

/**
 * Remembers the role of a server: master or slave. Returns what asks for it again and throws when it
 * is another one; null where the server does not tell. The connections of a server that was replaced
 * stay open, and go on answering with what is old.
 */
export async function watchRole(handshake: Handshake): Promise<(() => Promise<void>) | null> {
  for (const [command, ...args] of ROLE_QUESTIONS) {
    const role = roleOf(await ifAllowed(handshake, command, ...args));
    if (role === null) continue;
    return async () => {
      const now = roleOf(await handshake.redis.call(command, ...args));
      if (now !== role) throw new Error(`Redis was a ${role} and is a ${now} now`);
    };
  }
  return null;
}

/** The role, from the array of ROLE or the text of INFO. */
function roleOf(reply: unknown): string | null {
  return Array.isArray(reply) ? String(reply[0]) : field(reply, "role");
}

function field(info: unknown, name: string): string | null {
  return new RegExp(`^${name}:([\\w.-]+)`, "m").exec(String(info))?.[1] ?? null;
}

async function ifAllowed(handshake: Handshake, command: string, ...args: string[]) {
  try {
    return await handshake.may(command, ...args);
  } catch (error) {
    if (error instanceof Declined) return null;
    throw error;
  }
}
