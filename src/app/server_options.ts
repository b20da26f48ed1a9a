/**
 * The limits of the server, from the settings and from those of the process.
 *
 * @module
 */
import type { Values } from "../config/mod.ts";
import type { Log } from "../core/log.ts";
import type { ServerOptions } from "../server/server.ts";
import { openFiles, openFilesLimit } from "../system/open_files.ts";
import { ADMIN_CLIENTS, ADMIN_REFUSALS } from "./admin_server.ts";
import { type Connections, connectionsThatFit, REFUSALS } from "./descriptors.ts";

/**
 * Returns how many connections there may be, and logs it if there are fewer than the settings
 * allow. Call this when the port is open, and before anything connects.
 */
export function countConnections(values: Values, log: Log): Connections {
  const wanted = wantedConnections(values);
  const limit = openFilesLimit();
  const admin = adminDescriptors(values);
  const allowed = connectionsThatFit(wanted, { limit, inUse: openFiles(), admin });
  if (allowed.clients < wanted.clients || allowed.upstreams < wanted.upstreams) {
    log.warn("The limit on open files allows fewer connections than the settings", {
      "max-clients": allowed.clients,
      ...(values["read-only"] ? {} : { "max-upstreams": allowed.upstreams }),
      "open-files": limit!,
    });
  }
  return allowed;
}

/** Returns how many connections the settings allow. */
export function wantedConnections(values: Values): Connections {
  const upstreams = values["read-only"] ? 0 : values["max-upstreams"];
  return { clients: values["max-clients"], upstreams };
}

/** Returns how many descriptors the admin port may use. */
export function adminDescriptors(values: Values): number {
  return values["admin-port"] === null ? 0 : 1 + ADMIN_CLIENTS + ADMIN_REFUSALS;
}

export function serverOptions(values: Values, maxClients: number): ServerOptions {
  return {
    maxClients,
    maxRefusals: REFUSALS,
    patience: {
      idle: values["idle-timeout"] || Infinity,
      partial: values["request-timeout"],
      answering: Infinity,
      writing: values["write-timeout"],
      lingering: 1000,
    },
  };
}
