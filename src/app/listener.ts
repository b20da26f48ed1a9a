/**
 * The listener: in the clear, or over TLS for both protocols. The certificate can be read anew while
 * connections go on with the one they began with.
 *
 * @module
 */
import { ConfigError, type Values } from "../config/mod.ts";

/** What of the settings concerns listening. */
export type ListenSettings = Pick<Values, "listen-address" | "port" | "tls-cert" | "tls-key">;

/** Certificate chain and private key, in PEM. */
interface Identity {
  readonly cert: string;
  readonly key: string;
}

/**
 * Listens where the settings say.
 *
 * @throws {ConfigError} When it cannot.
 */
export function listen(settings: ListenSettings): Deno.Listener {
  const { "listen-address": hostname, port } = settings;
  const identity = readIdentity(settings);
  try {
    return open(hostname, port, identity);
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(
      `Cannot listen on ${hostname} port ${port}: wanted an address of this machine and a free port (${why})`,
    );
  }
}

/**
 * Reads the certificate anew.
 *
 * @param port The port that is listened on.
 * @returns What listens with it, once the listener that has the port is closed.
 * @throws {ConfigError} When there is none that can be used.
 */
export function renew(settings: ListenSettings, port: number): () => Deno.Listener {
  const identity = readIdentity(settings);
  return () => open(settings["listen-address"], port, identity);
}

function open(hostname: string, port: number, identity: Identity | null): Deno.Listener {
  return identity === null
    ? Deno.listen({ hostname, port })
    : Deno.listenTls({ hostname, port, ...identity });
}

function readIdentity(settings: ListenSettings): Identity | null {
  const { "tls-cert": certFile, "tls-key": keyFile } = settings;
  if (certFile === null && keyFile === null) return null;
  if (certFile === null || keyFile === null) {
    const [given, missing] = certFile === null ? ["key", "cert"] : ["cert", "key"];
    throw new ConfigError(`Cannot use --tls-${given} alone: wanted --tls-${missing} as well`);
  }
  const identity = { cert: read("tls-cert", certFile), key: read("tls-key", keyFile) };
  try {
    // Only a listener looks at them: one on a port that nobody knows, for a moment.
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...identity }).close();
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(
      `Cannot use "${certFile}" with "${keyFile}": wanted a certificate and its key in PEM (${why})`,
    );
  }
  return identity;
}

function read(flag: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(`Cannot read "${path}" for --${flag}: wanted a readable file (${why})`);
  }
}
