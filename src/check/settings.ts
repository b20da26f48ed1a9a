/**
 * Finds valid settings that contradict each other, have no effect, or expose more than intended.
 *
 * @module
 */
import { isLoopback } from "../app/exposure.ts";
import type { Config, Flag } from "../config/mod.ts";
import { type Finding, ok, warning } from "./finding.ts";

const ABOUT = "settings";

/** Settings about the changes that Redis announces. */
const COHERENT: readonly Flag[] = ["lease", "tracking", "tracking-mode", "tracking-prefix"];

/** Checks the settings alone, without the network. */
export function checkSettings(config: Config): Finding[] {
  const given = config.given.size;
  return [
    ok(ABOUT, `All values can be used; ${given} given, the others are defaults`),
    ...withoutEffect(config),
    ...exposed(config),
    ...unsafeFiles(config),
  ];
}

/** Settings that change nothing, most likely because another one is missing. */
function withoutEffect({ values, given, credentials }: Config): Finding[] {
  const isOff = values.coherence === "off";
  const hasSocket = values["listen-address"].some(({ socket }) => socket !== null);
  const rules: [flag: Flag, isIdle: boolean, without: string, fix: string][] = [
    [
      "tracking-prefix",
      values.tracking !== "bcast" && !isOff,
      "--tracking bcast",
      "--tracking bcast",
    ],
    ["socket-mode", !hasSocket, "a Unix socket", "--listen-address unix:///run/redis-proxy.sock"],
    ["user", !credentials.required, "a password", "RP_PASSWORD=..."],
    [
      "soft-timeout",
      values["stale-if-error"] === 0 && !values.policy,
      "stale answers",
      "--stale-if-error 1m",
    ],
    ...COHERENT.map((flag) =>
      [flag, isOff, "coherence", "--coherence auto"] satisfies [Flag, ...unknown[]]
    ),
    ["admin-address", values["admin-port"] === null, "an admin port", "--admin-port 9090"],
  ];
  const idle = rules.filter(([flag, isIdle]) => given.has(flag) && isIdle)
    .map(([flag, , without, fix]) =>
      warning(ABOUT, `--${flag} has no effect without ${without}`, fix)
    );
  const [limit, memory] = [values["value-limit"], values["cache-memory"]];
  if (limit === null || limit <= memory) return idle;
  const found =
    `--value-limit is larger than --cache-memory: values above ${memory} bytes are not cached`;
  return [...idle, warning(ABOUT, found, `--value-limit ${memory}`)];
}

/** Ports that are open to more people than their operator may expect. */
function exposed({ values, credentials }: Config): Finding[] {
  const findings: Finding[] = [];
  const isOpen = values["listen-address"].some(({ host }) => host !== null && !isLoopback(host));
  if (isOpen && !credentials.required) {
    const isProtected = values["protected-mode"] || values["read-only"];
    const found = isProtected
      ? "Everybody on the network can read every string, and clients on other machines can do nothing else"
      : "Everybody on the network can read and change every key";
    findings.push(warning("exposure", found, "RP_PASSWORD=..., or --listen-address 127.0.0.1"));
  }
  if (
    values["admin-port"] !== null && !isLoopback(values["admin-address"]) && !credentials.required
  ) {
    const found = "Everybody on the network can read the admin pages, names of keys included";
    findings.push(warning("exposure", found, "RP_PASSWORD=..., or --admin-address 127.0.0.1"));
  }
  return findings;
}

/** Files with secrets that other users of this machine may read. */
function unsafeFiles({ values }: Config): Finding[] {
  const secrets = ["password-file", "tls-key", "redis-key"] as const;
  return secrets.flatMap((flag) => {
    const path = values[flag];
    if (path === null || !isReadByOthers(path)) return [];
    const found = `All users of this machine can read the file of --${flag}`;
    return [warning("files", found, `chmod 600 ${path}`)];
  });
}

function isReadByOthers(path: string): boolean {
  try {
    return ((Deno.statSync(path).mode ?? 0) & 0o004) !== 0;
  } catch {
    return false;
  }
}
