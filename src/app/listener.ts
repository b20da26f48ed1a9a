/**
 * The listener: in the clear, or over TLS for both protocols. The certificate can be read anew while
 * connections go on with the one they began with.
 *
 * @module
 */
import { ConfigError, type Identity, readIdentity, type Values } from "../config/mod.ts";

/** What of the settings concerns listening. */
export type ListenSettings = Pick<
  Values,
  "listen-address" | "port" | "proxy-protocol" | "tls-cert" | "tls-key"
>;

/**
 * Listens where the settings say.
 *
 * @throws {ConfigError} When it cannot.
 */
export function listen(settings: ListenSettings): Deno.Listener {
  const { "listen-address": hostname, port } = settings;
  const identity = identityOf(settings);
  if (identity !== null && settings["proxy-protocol"] === "require") {
    // The header precedes the handshake, and Deno's listener begins with that.
    throw new ConfigError(
      "Cannot use --proxy-protocol require with --tls-cert: wanted TLS that ends at the load balancer",
    );
  }
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
  const identity = identityOf(settings);
  return () => open(settings["listen-address"], port, identity);
}

function open(hostname: string, port: number, identity: Identity | null): Deno.Listener {
  return identity === null
    ? Deno.listen({ hostname, port })
    : Deno.listenTls({ hostname, port, ...identity });
}

/** SIGHUP reads the files anew, so that they are named here and not by the configuration. */
function identityOf(settings: ListenSettings): Identity | null {
  const file = (flag: "tls-cert" | "tls-key") => ({ place: `--${flag}`, path: settings[flag] });
  return readIdentity(file("tls-cert"), file("tls-key"), Deno.readTextFileSync);
}
