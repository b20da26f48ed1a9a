/**
 * Finds settings that are valid one by one and cannot be used together.
 *
 * @module
 */
import { ConfigError } from "./error.ts";
import { checkBoth } from "./identity.ts";
import { displayAddress, type ListenAddress } from "./listen_addresses.ts";
import type { Places } from "./places.ts";
import type { Values } from "./settings.ts";

/**
 * Checks the settings against each other, without files and the network.
 *
 * @throws {ConfigError} When two of them contradict each other.
 */
export function checkTogether(values: Values, places: Places): void {
  checkTls(values, places);
  checkPorts(values, places);
  checkPrefixes(values, places);
  if (values["cluster-announce"] !== null && values["cluster-mode"] !== "emulate") {
    const [announce, mode] = [places.of("cluster-announce"), places.of("cluster-mode")];
    throw new ConfigError(`Cannot use ${announce} with ${mode} hide: wanted ${mode} emulate`);
  }
  if (values["reuse-port"] && Deno.build.os !== "linux") {
    throw new ConfigError(
      `Cannot use ${places.of("reuse-port")} on ${Deno.build.os}: wanted Linux`,
    );
  }
}

function checkTls(values: Values, places: Places): void {
  const named = (flag: "tls-cert" | "tls-key") => ({ place: places.of(flag), path: values[flag] });
  checkBoth(named("tls-cert"), named("tls-key"));
  if (values["tls-cert"] === null || values["proxy-protocol"] !== "require") return;
  // The header comes before the handshake, but Deno's listener starts with the handshake.
  const [header, cert] = [places.of("proxy-protocol"), places.of("tls-cert")];
  throw new ConfigError(
    `Cannot use ${header} require with ${cert}: wanted TLS that ends at the load balancer`,
  );
}

/** Each address and port can be listened on once. Port 0 is a free port. */
function checkPorts(values: Values, places: Places): void {
  const all = values["listen-address"];
  const { port, "admin-port": adminPort, "admin-address": host } = values;
  const admin = { host, socket: null };
  // With --reuse-port, the two would take each other's clients.
  if (port !== 0 && port === adminPort && all.some((one) => overlap(one, admin))) {
    const [own, other] = [places.of("port"), places.of("admin-port")];
    throw new ConfigError(
      `Cannot use port ${port} for ${own} and ${other}: wanted another ${other}`,
    );
  }
  if (values["reuse-port"]) return;
  const twice = all.find((one, index) => all.slice(0, index).some((other) => overlap(one, other)));
  if (twice === undefined) return;
  const place = places.of("listen-address");
  throw new ConfigError(
    `Cannot use ${
      displayAddress(twice)
    } for ${place}, which includes it already: wanted each address once`,
  );
}

/** Whether two addresses with the same port cannot both be listened on. `::` is IPv4 too. */
function overlap(one: ListenAddress, other: ListenAddress): boolean {
  if (one.socket !== null || other.socket !== null) return one.socket === other.socket;
  const hosts = [one.host.toLowerCase(), other.host.toLowerCase()];
  if (hosts[0] === hosts[1] || hosts.includes("::")) return true;
  return hosts.includes("0.0.0.0") && hosts.every((host) => !host.includes(":"));
}

/** Redis announces no changes at all if one prefix begins with another. */
function checkPrefixes(values: Values, places: Places): void {
  const text = places.text("tracking-prefix");
  if (text === null || values.tracking !== "bcast") return;
  const prefixes = [...new Set(text.split(","))];
  const kept = prefixes.filter((one) =>
    !prefixes.some((other) => other !== one && one.startsWith(other))
  );
  if (kept.length === text.split(",").length) return;
  const place = places.of("tracking-prefix");
  const isFlag = place.startsWith("--");
  throw new ConfigError(
    `Cannot use overlapping prefixes "${text}" for ${place}: wanted ${place}${isFlag ? " " : "="}${
      kept.join(",")
    }`,
  );
}
