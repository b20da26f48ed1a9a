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
import { clientsThatFit, REFUSALS } from "./descriptors.ts";

/** To be called when the port is open, and before anything connects. */
export function serverOptions(values: Values, log: Log): ServerOptions {
  return {
    maxClients: countClients(values, log),
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

/** Returns the limit of connected clients, and logs it if it is lower than the settings allow. */
function countClients(values: Values, log: Log): number {
  const wanted = values["max-clients"];
  const limit = openFilesLimit();
  const admin = values["admin-port"] === null ? 0 : 1 + ADMIN_CLIENTS + ADMIN_REFUSALS;
  const clients = clientsThatFit(wanted, { limit, inUse: openFiles(), admin });
  if (clients < wanted) {
    log.warn("The limit on open files allows fewer clients than --max-clients", {
      clients,
      "max-clients": wanted,
      "open-files": limit!,
    });
  }
  return clients;
}
