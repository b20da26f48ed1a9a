/**
 * Drops the permissions that the executable has but this run does not need.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";

/** Call this before reading anything from the network. A dropped permission never comes back. */
export function dropPermissions({ origin, values }: Config): void {
  Deno.permissions.revokeSync({ name: "env" });
  // Deno counts the use of a Unix socket as writing to its file.
  const sockets = [origin, ...values["listen-address"]].filter(({ socket }) => socket !== null);
  if (sockets.length === 0) Deno.permissions.revokeSync({ name: "write" });
}
