/**
 * The server of the admin port. It has its own limits: many clients must not lock out the
 * operators, and operators must not take what clients need.
 *
 * @module
 */
import { AdminProtocol, type AdminSources, LiveStreams } from "../admin/mod.ts";
import { ConfigError, type Values } from "../config/mod.ts";
import type { Credentials } from "../core/credentials.ts";
import type { Log } from "../core/log.ts";
import type { Lookup } from "../core/types.ts";
import { Stats } from "../core/stats.ts";
import { isLoopback } from "./exposure.ts";
import { Entrance } from "../server/arrival.ts";
import { Ledger } from "../server/ledger.ts";
import { Server } from "../server/server.ts";
import { SlowClients } from "../server/slow_clients.ts";

/** The most clients of the admin port, and the most that are refused at the same time. */
export const ADMIN_CLIENTS = 16;
export const ADMIN_REFUSALS = 4;

/** Memory for pages that clients have not read yet, in bytes. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** How long a client may keep an idle connection: scrapers come about every minute. */
const IDLE_PATIENCE = 120_000;

/**
 * Opens the admin port, if the settings name one.
 *
 * @throws {ConfigError} If it cannot listen there.
 */
export function openAdmin(
  values: Values,
  credentials: Credentials,
  sources: AdminSources,
  lookup: Lookup,
  log: Log,
): Server | null {
  const { "admin-address": hostname, "admin-port": port, "reuse-port": reusePort } = values;
  if (port === null) return null;
  const listener = listen({ hostname, port, reusePort });
  log.info("Serving metrics", { address: hostname, port: (listener.addr as Deno.NetAddr).port });
  const streams = new LiveStreams(sources);
  const allowed = allowedHosts(hostname);
  return new Server(listener, {
    lookup,
    stats: new Stats(),
    slow: new SlowClients(new Ledger(PAGE_BYTES), PAGE_BYTES),
    entrance: new Entrance(
      false,
      () => new AdminProtocol(sources, streams, credentials, allowed),
      log,
    ),
  }, {
    maxClients: ADMIN_CLIENTS,
    maxRefusals: ADMIN_REFUSALS,
    patience: {
      idle: IDLE_PATIENCE,
      partial: values["request-timeout"],
      answering: Infinity,
      writing: values["write-timeout"],
      lingering: 1000,
    },
  }, log);
}

/**
 * On loopback, the hosts that a request may name: a page whose name is rebound to this machine must
 * not read the admin pages. Null for other addresses, which have names that nobody knows here.
 */
function allowedHosts(address: string): readonly string[] | null {
  if (!isLoopback(address)) return null;
  return ["", "localhost", "127.0.0.1", "[::1]", address.toLowerCase()];
}

function listen(options: Deno.TcpListenOptions): Deno.Listener {
  try {
    return Deno.listen(options);
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(
      `Cannot listen on ${options.hostname} port ${options.port} for --admin-port: wanted an address of this machine and a free port (${why})`,
    );
  }
}
