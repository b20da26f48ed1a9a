/**
 * Reads a certificate and its private key, and checks that they belong together.
 *
 * @module
 */
import { ConfigError } from "./error.ts";
import type { ReadFile } from "./files.ts";
import { readCertificates, readPrivateKey } from "./pem.ts";

/** A certificate chain and its private key, in PEM. */
export interface Identity {
  /** The certificate, then those of the authorities between it and a trusted one. */
  readonly cert: string;
  /** The private key of the first certificate. */
  readonly key: string;
}

/** A file, and the flag or variable that names it; null if none does. */
export interface NamedFile {
  /** The flag or variable, for errors. */
  readonly place: string;
  /** The path; null if no setting names one. */
  readonly path: string | null;
}

/**
 * Returns the certificate and the key; null if neither is named.
 *
 * @throws {ConfigError} When only one is named, or they cannot be used together.
 */
export function readIdentity(cert: NamedFile, key: NamedFile, readFile: ReadFile): Identity | null {
  checkBoth(cert, key);
  if (cert.path === null || key.path === null) return null;
  const identity = {
    cert: readCertificates(cert.place, cert.path, readFile),
    key: readPrivateKey(key.place, key.path, readFile),
  };
  try {
    // Only a listener checks that the two belong together, and with a wrong pair a client would end
    // the process. So the check listens on a random port for a moment.
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...identity }).close();
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(
      `Cannot use "${cert.path}" with "${key.path}": wanted a certificate and its private key (${why})`,
    );
  }
  return identity;
}

/**
 * Checks that both files are named, or neither.
 *
 * @throws {ConfigError} When only one is.
 */
export function checkBoth(cert: NamedFile, key: NamedFile): void {
  if (cert.path === null && key.path !== null) throw alone(key, cert);
  if (cert.path !== null && key.path === null) throw alone(cert, key);
}

function alone(given: NamedFile, missing: NamedFile): ConfigError {
  return new ConfigError(`Cannot use ${given.place} alone: wanted ${missing.place} as well`);
}
