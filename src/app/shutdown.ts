/**
 * Ends a proxy so that no client notices, if load balancers and clients play along: readiness goes
 * first, then come no new connections, then the requests that are under way are answered.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";
import type { Server } from "../server/server.ts";
import { PortHandOver } from "../system/reuse_port.ts";

/** Until when connections that were on their way have come, once the kernel chooses another process. */
const ARRIVAL: Millis = 100;

/** How long it is watched whether the kernel has chosen another process. */
const WATCH: Millis = 200;

/** How a proxy ends. */
export interface ShutdownTimes {
  /** How long it serves on after it said that it is not ready. */
  readonly delay: Millis;
  /** How long requests in flight may take after that. */
  readonly grace: Millis;
}

/**
 * Ends the server. Who asks for its readiness must be told already that it is not ready.
 *
 * @param sharedPorts The ports that another process may listen on too.
 */
export async function shutDown(
  server: Server,
  sharedPorts: readonly number[],
  { delay, grace }: ShutdownTimes,
  log: Log,
): Promise<void> {
  const end = performance.now() + delay;
  server.drain();
  if (sharedPorts.length > 0) await handOver(server, sharedPorts, end);
  await sleep(end - performance.now());
  if (delay > 0) log.info("Closing the port", { clients: server.clients });
  await server.stop(grace);
}

/** Has the kernel give new connections to another process until `end`, and at least until it does. */
async function handOver(server: Server, ports: readonly number[], end: Millis): Promise<void> {
  const port = new PortHandOver(ports);
  if (!port.isPossible) return;
  const { stats } = server.service;
  let isOurs = true;
  do {
    if (isOurs) port.turnAway();
    await sleep(ARRIVAL);
    const before = stats.clientsTotal;
    await sleep(WATCH);
    isOurs = stats.clientsTotal > before;
  } while (performance.now() < end);
}

function sleep(duration: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(duration, 0)));
}
