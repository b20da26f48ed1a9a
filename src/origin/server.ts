/**
 * Facts about a server: its version, its run id, and its role.
 *
 * @module
 */
import type { Handshake } from "./handshake.ts";
import { Declined } from "./refusal.ts";

/** Facts about a server. */
export interface Server {
  readonly version: string | null;
  /** Whether it is a node of a cluster. */
  readonly isNode: boolean;
  /** Identifies one run of one server. */
  readonly runId: string | null;
}

/** Commands that show the role of a server. Not every access list allows the first. */
const ROLE_QUESTIONS: readonly [command: string, ...args: string[]][] = [
  ["ROLE"],
  ["INFO", "replication"],
];

/** The field of INFO with the mode: the first is Redis's, the second is Valkey's. */
const MODE = "(?:redis|server)_mode";

/** Reads the facts about a server; null if that is not allowed. */
export async function serverOf(handshake: Handshake): Promise<Server | null> {
  const info = await ifAllowed(handshake, "INFO", "server");
  if (info === null) return null;
  return {
    version: field(info, "redis_version"),
    isNode: field(info, MODE) === "cluster",
    runId: field(info, "run_id"),
  };
}

/**
 * Remembers the role of a server: master or slave. Returns a check that throws if the role changes, or
 * null if the server does not say it. After a failover, the connections to the old master stay open
 * and reply with old values.
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
