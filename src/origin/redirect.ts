/**
 * Tracking with a second connection (CLIENT TRACKING with REDIRECT), if the server has no RESP3. Redis
 * accepts a redirection to a connection that does not exist, so each step is verified.
 *
 * The second connection belongs to ioredis. It only subscribes.
 *
 * @module
 */
import type { Redis } from "ioredis";
import type { Buffer } from "node:buffer";
import type { Millis } from "../core/types.ts";
import type { OriginAddress } from "./address.ts";
import { asked, connect, loadClient, makeClient, reasonOf } from "./client.ts";
import type { Follower } from "./follower.ts";
import { authenticate } from "./greeting.ts";
import { Handshake } from "./handshake.ts";
import type { Closings } from "./wire/closings.ts";
import type { Opened } from "./open.ts";
import { Declined } from "./refusal.ts";
import { type Server, serverOf } from "./server.ts";
import {
  livingProbe,
  type Tracking,
  type TrackingOptions,
  trackingProbe,
  verifyTracked,
} from "./tracking.ts";
import type { Connection } from "./wire/connection.ts";

/** The channel on which Redis announces changes to a RESP2 client. */
const CHANNEL = "__redis__:invalidate";

/** The needs of the second connection. */
export interface Second {
  readonly address: OriginAddress;
  readonly timeout: Millis;
  readonly closings: Closings;
}

/**
 * Turns tracking on.
 *
 * @param data The connection for reads.
 * @throws {Declined} If Redis refuses a step.
 * @throws {Error} If a step fails.
 */
export async function trackByRedirect(
  data: Opened,
  options: TrackingOptions,
  { address, timeout, closings }: Second,
): Promise<Tracking> {
  const client = makeClient(await loadClient(), address);
  const handshake = new Handshake(asked(client), timeout, closings);
  try {
    await connect(client, timeout);
    await authenticate(handshake, address);
    const ask = await steps(data.handshake, handshake, options);
    return trackingOf(client, ask, data.connection);
  } catch (error) {
    client.disconnect();
    throw reasonOf(error as Error, [client]);
  } finally {
    data.handshake.declined.push(...handshake.declined);
  }
}

/** Takes the steps. Returns the probe of the connection for reads. */
async function steps(
  data: Handshake,
  invalidation: Handshake,
  { tracking, prefixes }: TrackingOptions,
): Promise<() => Promise<unknown>> {
  const name = `redis-proxy-${crypto.randomUUID()}`;
  // After the first answer, a connection that ends at a later step ends because of that step.
  await Promise.all([invalidation.may("PING"), invalidation.may("CLIENT", "SETNAME", name)]);
  const id = String(await invalidation.may("CLIENT", "ID"));
  const server = await serverOf(invalidation);
  if (tracking === "bcast") {
    const args = prefixes.flatMap((prefix) => ["PREFIX", prefix]);
    await invalidation.may("CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", ...args);
    await verifyTracked(invalidation, id);
  }
  await invalidation.may("SUBSCRIBE", CHANNEL);
  await meet(data, id, name, server);
  if (tracking === "bcast") return await livingProbe(data);
  await data.may("CLIENT", "TRACKING", "ON", "REDIRECT", id);
  try {
    return await trackingProbe(data, id);
  } catch (error) {
    if (error instanceof Declined) await data.may("CLIENT", "TRACKING", "OFF");
    throw error;
  }
}

/** Checks that the id belongs to this connection: on another server it would be somebody else's. */
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
    // Without the right to list clients, compare the run ids of the servers.
    const runId = server?.runId ?? null;
    if (runId !== null && runId === (await serverOf(data))?.runId) return;
    throw error;
  }
  const isSame = line.includes(` name=${name} `) && / flags=\w*P/.test(line);
  if (!isSame) throw new Error("the two connections reached different servers");
}

function trackingOf(client: Redis, ask: () => Promise<unknown>, data: Connection): Tracking {
  return {
    mode: "redirect",
    probes: [
      { name: "data connection", sides: ["data"], ask, received: () => data.received },
      {
        name: "invalidation connection",
        sides: ["invalidation"],
        ask: () => client.ping().catch((error) => Promise.reject(reasonOf(error, [client]))),
        received: () => client.stream.bytesRead,
      },
    ],
    listen(follower, lost) {
      client.on("messageBuffer", (channel: Buffer, payload: unknown) => {
        if (channel.toString("latin1") === CHANNEL) hear(payload, follower);
      });
      client.once("end", () => lost(reasonOf(new Error("Connection is closed."), [client])));
    },
    close: () => client.disconnect(),
  };
}

/** Passes changed keys to the follower; null stands for all keys. Somebody published anything else. */
function hear(payload: unknown, follower: Follower): void {
  if (payload === null) follower.flush();
  else if (!Array.isArray(payload)) follower.foreign();
  else for (const key of payload as Buffer[]) follower.invalidate(key.toString("latin1"));
}
