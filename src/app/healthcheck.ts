/**
 * The health check: asks a proxy as a client would.
 *
 * @module
 */
import { displayAddress, type ListenAddress, type Values } from "../config/mod.ts";
import type { Millis } from "../core/types.ts";

/**
 * Returns whether the proxy at the configured address and port answers PING.
 *
 * @param report Takes a line that says what is wrong.
 */
export async function checkHealth(values: Values, report = console.error): Promise<boolean> {
  const address = values["listen-address"][0]!;
  const { port } = values;
  // UNKNOWN, because the check does not forward the connection of another client.
  const greeting = values["proxy-protocol"] === "require" ? "PROXY UNKNOWN\r\n" : "";
  try {
    const text = await within(
      values["redis-timeout"],
      ping(() => connect(address, port, values["tls-cert"] !== null), greeting),
    );
    // A proxy that requires a password is healthy too, so the check needs no password.
    if (text === "+PONG" || text.startsWith("-NOAUTH ")) return true;
    report(`Unhealthy: wanted +PONG, got ${JSON.stringify(text)}`);
  } catch (error) {
    const place = displayAddress(address) + (address.socket === null ? ` port ${port}` : "");
    report(`Unhealthy: cannot ask ${place}: ${(error as Error).message}`);
  }
  return false;
}

/** The parts of a connection that the check uses. */
type Connection = Pick<Deno.Conn, "write" | "read"> & Disposable;

/** Connects to a proxy's address; only TCP uses TLS. */
async function connect(
  { host, socket }: ListenAddress,
  port: number,
  isTls: boolean,
): Promise<Connection> {
  if (socket !== null) return await Deno.connect({ transport: "unix", path: socket });
  const hostname = host.replace(/^0\.0\.0\.0$/, "127.0.0.1").replace(/^::$/, "::1");
  return isTls ? await connectTls(hostname, port) : await Deno.connect({ hostname, port });
}

async function ping(open: () => Promise<Connection>, greeting: string): Promise<string> {
  using conn = await open();
  await conn.write(new TextEncoder().encode(`${greeting}PING\r\n`));
  const reply = new Uint8Array(64);
  const count = await conn.read(reply) ?? 0;
  return new TextDecoder().decode(reply.subarray(0, count)).trim();
}

async function within<T>(limit: Millis, promise: Promise<T>): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Connects over TLS and accepts any certificate: the check asks whether the proxy serves, not who
 * it is. Only Node's client can accept any name.
 */
async function connectTls(host: string, port: number): Promise<Connection> {
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
    [Symbol.dispose]: () => socket.destroy(),
  };
}
