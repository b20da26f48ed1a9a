/**
 * Drops the permissions that the executable has and that this run does not need.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";

/** Call it before reading anything from the network. Dropped permissions never come back. */
export function dropPermissions({ origin, values }: Config): void {
  Deno.permissions.revokeSync({ name: "env" });
  // Deno counts the use of a Unix socket as writing to its file.
  const sockets = [origin, ...values["listen-address"]].filter(({ socket }) => socket !== null);
  if (sockets.length === 0) Deno.permissions.revokeSync({ name: "write" });
}
