/**
 * The parts of the configuration that may change while the proxy runs: those that are in files.
 *
 * @module
 */
import { type Config, readPassword, readTlsFiles } from "../config/mod.ts";
import type { Server } from "../server/server.ts";
import { portOf, renew } from "./listener.ts";
import type { RedisPassword } from "./redis_password.ts";
import type { Part } from "./reload.ts";

/** @param redisPassword What looks after the password of Redis; null if it is in no file. */
export function reloadableParts(
  config: Config,
  server: Server,
  redisPassword: RedisPassword | null,
): Part[] {
  return [
    { name: "certificate", reload: certificateReload(config, server) },
    { name: "password-file", reload: passwordReload(config) },
    {
      name: "redis-password-file",
      reload: redisPassword === null ? null : () => redisPassword.reload(),
    },
    { name: "redis-tls", reload: originTlsReload(config) },
  ];
}

/** Returns a function that reloads the certificate of the port; null if there is none. */
function certificateReload({ values }: Config, server: Server): Part["reload"] {
  if (values["tls-cert"] === null) return null;
  return () => server.relisten(renew(values, portOf(server.listener)));
}

/** Returns a function that reloads the password; null if it is not in a file. */
function passwordReload({ values, credentials }: Config): Part["reload"] {
  const path = values["password-file"];
  if (path === null) return null;
  return () => credentials.change(readPassword("--password-file", path, Deno.readTextFileSync));
}

/** Returns a function that reloads the files for TLS to Redis; null if there are none. */
function originTlsReload({ values, origin: { tls } }: Config): Part["reload"] {
  if (tls === null || (tls.authorities === null && tls.identity === null)) return null;
  return () => {
    Object.assign(tls, readTlsFiles(values, (flag) => `--${flag}`, Deno.readTextFileSync));
  };
}
