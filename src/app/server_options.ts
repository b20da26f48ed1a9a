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
 * Returns how many connections there may be, and logs it if there are fewer than the settings allow.
 * To be called when the port is open, and before anything connects.
 */
export function countConnections(values: Values, log: Log): Connections {
  const isReadOnly = values["read-only"];
  const wanted = {
    clients: values["max-clients"],
    upstreams: isReadOnly ? 0 : values["max-upstreams"],
  };
  const limit = openFilesLimit();
  const admin = values["admin-port"] === null ? 0 : 1 + ADMIN_CLIENTS + ADMIN_REFUSALS;
  const allowed = connectionsThatFit(wanted, { limit, inUse: openFiles(), admin });
  if (allowed.clients < wanted.clients || allowed.upstreams < wanted.upstreams) {
    log.warn("The limit on open files allows fewer connections than the settings", {
      "max-clients": allowed.clients,
      ...(isReadOnly ? {} : { "max-upstreams": allowed.upstreams }),
      "open-files": limit!,
    });
  }
  return allowed;
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
