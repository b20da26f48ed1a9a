/**
 * Warns about a port that is open to the network.
 *
 * @module
 */
import { type Config, displayAddress } from "../config/mod.ts";
import type { Log } from "../core/log.ts";

/** Warns in one line if anybody on the network can read every key, or change it. */
export function warnOfExposure({ values, credentials, origin }: Config, log: Log): void {
  const open = values["listen-address"].filter(({ host }) => host !== null && !isLoopback(host));
  if (credentials.required || open.length === 0) return;
  const mayWrite = !values["protected-mode"] && !values["read-only"];
  const rights = mayWrite ? "read and change" : "read";
  const though = origin.password === null ? "" : ", though Redis does";
  log.warn(
    `Anybody who reaches the port can ${rights} every key: it requires no password${though}`,
    {
      address: open.map(displayAddress).join(","),
      advice: "Set RP_PASSWORD or --password-file, or --listen-address 127.0.0.1",
    },
  );
}

/** Whether only programs on this machine can reach an address. */
export function isLoopback(address: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/i.test(address);
}
