/**
 * The health check: asks a proxy, as any client would, whether it serves.
 *
 * @module
 */
import type { Values } from "./config/mod.ts";

/** Returns whether the proxy at the configured address and port answers PING. */
export async function checkHealth(values: Values): Promise<boolean> {
  const hostname = values["listen-address"].replace(/^0\.0\.0\.0$/, "127.0.0.1")
    .replace(/^::$/, "::1");
  try {
    const conn = values["tls-cert"] === null
      ? await Deno.connect({ hostname, port: values.port })
      : await connectTls(hostname, values.port);
    const limit = setTimeout(() => conn.close(), values["redis-timeout"]);
    await conn.write(new TextEncoder().encode("PING\r\n"));
    const reply = new Uint8Array(64);
    const count = await conn.read(reply) ?? 0;
    clearTimeout(limit);
    const text = new TextDecoder().decode(reply.subarray(0, count)).trim();
    if (text === "+PONG") return true;
    console.error(`Unhealthy: wanted +PONG, got "${text}"`);
  } catch (error) {
    console.error(
      `Unhealthy: cannot ask ${hostname} port ${values.port}: ${(error as Error).message}`,
    );
  }
  return false;
}

/** The writing, reading and closing of a connection over TLS. */
type TlsConnection = Pick<Deno.Conn, "write" | "read" | "close">;

/**
 * Connects over TLS to whatever certificate is there: whether it serves is the question, not whose
 * name it bears. Only Node's client can be asked to overlook the name.
 */
async function connectTls(host: string, port: number): Promise<TlsConnection> {
  const { connect } = await import("node:tls");
  const socket = connect({ host, port, rejectUnauthorized: false });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  return {
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve(bytes.length))),
    read: (into) =>
      new Promise((resolve, reject) => {
        socket.once("data", (bytes: Uint8Array) => {
          into.set(bytes.subarray(0, into.length));
          resolve(Math.min(bytes.length, into.length));
        });
        socket.once("close", () => resolve(null));
        socket.once("error", reject);
      }),
    close: () => socket.destroy(),
  };
}
