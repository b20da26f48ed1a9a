/**
 * Stops a proxy so that clients notice nothing, if load balancers and clients cooperate. First it
 * reports that it is not ready, then it accepts no more connections, then it answers the requests
 * in flight.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";
import type { Server } from "../server/server.ts";
import { PortHandOver } from "../system/reuse_port.ts";

/**
 * How long connections that are already queued may take to arrive, once the kernel chooses another
 * process.
 */
const ARRIVAL: Millis = 100;

/** How long to watch whether the kernel has chosen another process. */
const WATCH: Millis = 200;

/** How long each step of the shutdown takes. */
export interface ShutdownTimes {
  /** How long the proxy keeps serving after it has reported that it is not ready. */
  readonly delay: Millis;
  /** How long requests in flight may take after that. */
  readonly grace: Millis;
}

/**
 * Stops the server. Readiness must already be reported as false.
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

/**
 * Makes the kernel give new connections to another process, and checks until `end` that it does.
 */
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
