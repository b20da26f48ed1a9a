/**
 * Opens the connection of a lane, and proves that it reached the same server as the other
 * connections. A name may have several servers.
 *
 * @module
 */
import { type Fetched, Found, type Key } from "../core/types.ts";
import { authenticate, prepareReads } from "./greeting.ts";
import { Handshake } from "./handshake.ts";
import { Closings } from "./wire/closings.ts";
import type { LaneConnection } from "./lane.ts";
import type { Large } from "./large.ts";
import { LargeReader } from "./large_reader.ts";
import type { Link } from "./link.ts";
import { open } from "./open.ts";
import { Declined } from "./refusal.ts";
import { serverOf } from "./server.ts";
import type { Upstream } from "./upstream.ts";

/** Attempts to reach the same server. A load balancer may choose any server. */
const ATTEMPTS = 5;

/** Connects. Rejects if Redis is unreachable, refuses, or stays silent. */
export async function openLane(link: Link, upstream: Upstream): Promise<LaneConnection> {
  const { options, guard } = link;
  const { address } = upstream;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { connection, handshake } = await open(address, options.timeout, new Closings());
    try {
      await authenticate(handshake, address);
      await guard.watch(() => prepareReads(handshake, address, guard));
      const isSame = await isSameServer(handshake, upstream, options.timeout);
      if (isSame !== false) {
        const { isPieced } = upstream.large;
        const reader = new LargeReader(connection, options.mode !== "off", isPieced);
        return laneOf(reader, isSame === true);
      }
      connection.close("another server");
    } catch (error) {
      connection.close("given up");
      throw error;
    }
  }
  throw new Error("The connection for large values reached another server");
}

/** Whether a connection reached the same server; null if that cannot be found out. */
async function isSameServer(
  handshake: Handshake,
  { data, tracking }: Upstream,
  timeout: number,
): Promise<boolean | null> {
  // Without invalidations, an entry only has its lifetime, so any server is right.
  if (tracking === null) return true;
  const present = new Handshake(data, timeout);
  try {
    const name = `redis-proxy-large-${crypto.randomUUID()}`;
    await handshake.may("CLIENT", "SETNAME", name);
    const id = String(await handshake.may("CLIENT", "ID"));
    return String(await present.may("CLIENT", "LIST", "ID", id)).includes(` name=${name} `);
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    // Without the right to list clients, compare the run ids of the servers.
    const [here, there] = await Promise.all([serverOf(handshake), serverOf(present)]);
    const isKnown = typeof here?.runId === "string" && typeof there?.runId === "string";
    return isKnown ? here.runId === there.runId : null;
  }
}

/** @param mayKeep Whether Redis announces changes of keys that are read here. */
function laneOf(reader: LargeReader, mayKeep: boolean): LaneConnection {
  const { connection } = reader;
  return {
    get received() {
      return connection.received;
    },
    async read(key: Key, large: Large): Promise<Fetched> {
      const fetched = await reader.read(key, large);
      if (mayKeep || !(fetched instanceof Found)) return fetched;
      return new Found(fetched.value, 0, fetched.part);
    },
    close: () => connection.close("not needed any more"),
  };
}
