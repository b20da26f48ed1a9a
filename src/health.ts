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
    const conn = await Deno.connect({ hostname, port: values.port });
    const limit = setTimeout(() => conn.close(), values["redis-timeout"]);
    await conn.write(new TextEncoder().encode("PING\r\n"));
    const reply = new Uint8Array(64);
    const count = await conn.read(reply) ?? 0;
    clearTimeout(limit);
    const text = new TextDecoder().decode(reply.subarray(0, count)).trim();
    // Whoever asks for a password serves too; the check needs none.
    if (text === "+PONG" || text.startsWith("-NOAUTH ")) return true;
    console.error(`Unhealthy: wanted +PONG, got "${text}"`);
  } catch (error) {
    console.error(
      `Unhealthy: cannot ask ${hostname} port ${values.port}: ${(error as Error).message}`,
    );
  }
  return false;
}
