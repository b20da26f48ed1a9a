/**
 * Reads the address of Redis from the settings.
 *
 * @module
 */
import type { OriginAddress, OriginTls, OriginTlsFiles } from "../origin/address.ts";
import { ConfigError } from "./error.ts";
import type { ReadFile } from "./files.ts";
import { readIdentity } from "./identity.ts";
import { readPassword } from "./password.ts";
import { readCertificates } from "./pem.ts";
import type { Places } from "./places.ts";
import type { Values } from "./settings.ts";

/** Settings that have an effect only with TLS. */
const TLS_FLAGS = ["redis-ca", "redis-cert", "redis-key", "redis-server-name"] as const;

/**
 * Returns the address of Redis.
 *
 * @throws {ConfigError} When settings contradict each other, or a file cannot be used.
 */
export function originOf(values: Values, places: Places, readFile: ReadFile): OriginAddress {
  checkRivals(places);
  const url = values["redis-url"];
  const withPassword = (address: OriginAddress) =>
    passwordFrom(address, values["redis-password-file"], places, readFile);
  const isHostGiven = places.source("redis-host") === "flag" ||
    places.source("redis-port") === "flag";
  if (url !== null && !isHostGiven) {
    const { isTls, sentinel: _, seeds: __, ...address } = url;
    return withPassword({ ...address, tls: tlsOf(isTls, values, places, readFile) });
  }
  return withPassword({
    socket: null,
    host: values["redis-host"],
    port: values["redis-port"],
    username: null,
    password: null,
    database: 0,
    tls: tlsOf(false, values, places, readFile),
  });
}

/** Takes the password from a file, if a setting names one. */
function passwordFrom(
  address: OriginAddress,
  path: string | null,
  places: Places,
  readFile: ReadFile,
): OriginAddress {
  if (path === null) return address;
  const place = places.of("redis-password-file");
  if (address.password !== null) {
    throw new ConfigError(
      `Cannot use ${place} together with a password in ${places.of("redis-url")}: ` +
        "wanted one of the two",
    );
  }
  return { ...address, password: readPassword(place, path, readFile) };
}

/** A flag overrides a variable, but two flags, or two variables, contradict each other. */
function checkRivals(places: Places): void {
  const rival = (["redis-host", "redis-port"] as const).find((flag) => {
    const source = places.source(flag);
    return source !== "default" && source === places.source("redis-url");
  });
  if (rival === undefined) return;
  const [one, other] = [places.of("redis-url"), places.of(rival)];
  throw new ConfigError(`Cannot use ${one} together with ${other}: wanted one of the two`);
}

function tlsOf(
  isTls: boolean,
  values: Values,
  places: Places,
  readFile: ReadFile,
): OriginTls | null {
  if (!isTls) {
    // Whoever sets them believes that the connection uses TLS.
    const flag = TLS_FLAGS.find((flag) => values[flag] !== null);
    if (flag === undefined) return null;
    throw new ConfigError(
      `Cannot use ${places.of(flag)} without TLS: wanted --redis-url rediss://...`,
    );
  }
  const files = readTlsFiles(values, (flag) => places.of(flag), readFile);
  return { ...files, serverName: values["redis-server-name"] };
}

/**
 * Reads the files of TLS to Redis.
 *
 * @param placeOf The name of a setting for the message.
 * @throws {ConfigError} When one of them cannot be used.
 */
export function readTlsFiles(
  values: Values,
  placeOf: (flag: "redis-ca" | "redis-cert" | "redis-key") => string,
  readFile: ReadFile,
): OriginTlsFiles {
  const authorities = values["redis-ca"];
  const file = (flag: "redis-cert" | "redis-key") => ({ place: placeOf(flag), path: values[flag] });
  return {
    authorities: authorities === null
      ? null
      : readCertificates(placeOf("redis-ca"), authorities, readFile),
    identity: readIdentity(file("redis-cert"), file("redis-key"), readFile),
  };
}
