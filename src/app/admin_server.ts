/**
 * The admin port's server, with bounds of its own: whoever watches the proxy must neither be turned
 * away because it has many clients, nor take what these need.
 *
 * @module
 */
import { AdminProtocol, type AdminSources } from "../admin/mod.ts";
import { ConfigError, type Values } from "../config/mod.ts";
import type { Credentials } from "../core/credentials.ts";
import type { Log } from "../core/log.ts";
import { Stats } from "../core/stats.ts";
import { Entrance } from "../server/arrival.ts";
import type { Service } from "../server/service.ts";
import { Server } from "../server/server.ts";

/** Clients of the admin port, and those that are being turned away. */
export const ADMIN_CLIENTS = 16;
export const ADMIN_REFUSALS = 4;

/** How long a client may keep its connection without a request: scrapers come every minute or so. */
const IDLE_PATIENCE = 120_000;

/**
 * Opens the admin port, if there is to be one.
 *
 * @param service What clients' connections share.
 * @throws {ConfigError} When it cannot listen there.
 */
export function openAdmin(
  values: Values,
  credentials: Credentials,
  sources: AdminSources,
  service: Service,
  log: Log,
): Server | null {
  const { "admin-address": hostname, "admin-port": port, "reuse-port": reusePort } = values;
  if (port === null) return null;
  const listener = listen({ hostname, port, reusePort });
  log.info("Serving metrics", { address: hostname, port: (listener.addr as Deno.NetAddr).port });
  return new Server(listener, {
    ...service,
    stats: new Stats(),
    entrance: new Entrance(false, () => new AdminProtocol(sources, credentials), log),
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
