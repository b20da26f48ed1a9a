/**
 * The steps by which Redis comes to tell one connection of changes of what another one reads
 * (CLIENT TRACKING with REDIRECT). Redis says OK to a redirection that leads nowhere, so each step
 * is verified.
 *
 * @module
 */
import type { Handshake } from "./handshake.ts";
import { Declined } from "./refusal.ts";

/** How Redis is to tell of changes. */
export interface TrackingOptions {
  /** `default` tells of the keys that were read, `bcast` of all keys with the prefixes. */
  readonly tracking: "default" | "bcast";
  readonly prefixes: readonly string[];
}

/** The channel on which Redis tells of changes to a client that speaks RESP2. */
export const CHANNEL = "__redis__:invalidate";

/** What a server says of itself. */
export interface Server {
  readonly version: string | null;
  /** Tells one run of one server from all others. */
  readonly runId: string | null;
}

/** What came of the steps. */
export interface Tracked {
  /** Asks the data connection whether it lives and is still tracked. */
  readonly probeData: () => Promise<void>;
  readonly server: Server | null;
}

/**
 * Has Redis tell the invalidation connection of changes.
 *
 * @throws {Declined} When Redis refuses a step.
 * @throws {Error} When a step went wrong.
 */
export async function track(
  data: Handshake,
  invalidation: Handshake,
  { tracking, prefixes }: TrackingOptions,
): Promise<Tracked> {
  const name = `redis-proxy-${crypto.randomUUID()}`;
  // Once the first is answered, a connection that ends at a later step has ended because of it.
  await Promise.all([invalidation.may("PING"), invalidation.may("CLIENT", "SETNAME", name)]);
  const id = String(await invalidation.may("CLIENT", "ID"));
  const server = await serverOf(invalidation);
  if (tracking === "bcast") {
    const args = prefixes.flatMap((prefix) => ["PREFIX", prefix]);
    await invalidation.may("CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", ...args);
    await verify(invalidation, id);
  }
  await invalidation.may("SUBSCRIBE", CHANNEL);
  await meet(data, id, name, server);
  const { redis } = data;
  if (tracking === "bcast") return { server, probeData: async () => void await redis.call("PING") };
  await data.may("CLIENT", "TRACKING", "ON", "REDIRECT", id);
  try {
    await verify(data, id);
  } catch (error) {
    if (error instanceof Declined) await data.may("CLIENT", "TRACKING", "OFF");
    throw error;
  }
  return { server, probeData: async () => check(await redis.call("CLIENT", "TRACKINGINFO"), id) };
}

/** What a server says of itself; null where it may not be asked. */
export async function serverOf(handshake: Handshake): Promise<Server | null> {
  try {
    const info = String(await handshake.may("INFO", "server"));
    return {
      version: /^redis_version:([\w.-]+)/m.exec(info)?.[1] ?? null,
      runId: /^run_id:(\w+)/m.exec(info)?.[1] ?? null,
    };
  } catch (error) {
    if (error instanceof Declined) return null;
    throw error;
  }
}

/** That the id is of this very connection: on another server it may be anybody's, or nobody's. */
async function meet(
  data: Handshake,
  id: string,
  name: string,
  server: Server | null,
): Promise<void> {
  let line: string;
  try {
    line = String(await data.may("CLIENT", "LIST", "ID", id));
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    // Without the right to list clients, the servers' own ids must do.
    const runId = server?.runId ?? null;
    if (runId !== null && runId === (await serverOf(data))?.runId) return;
    throw error;
  }
  const isSame = line.includes(` name=${name} `) && / flags=\w*P/.test(line);
  if (!isSame) throw new Error("the two connections reached different servers");
}

async function verify(handshake: Handshake, id: string): Promise<void> {
  check(await handshake.may("CLIENT", "TRACKINGINFO"), id);
}

/** That a connection is tracked and redirected as it was asked to be. */
function check(trackingInfo: unknown, id: string): void {
  const info = trackingInfo as unknown[];
  const flags = info[info.indexOf("flags") + 1] as string[];
  const redirect = String(info[info.indexOf("redirect") + 1]);
  if (!flags.includes("on") || flags.includes("broken_redirect") || redirect !== id) {
    throw new Error(`tracking is ${flags.join(", ")}, redirected to ${redirect}`);
  }
}
