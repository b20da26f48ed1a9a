/**
 * How connections end: in order, at once, or by the other side.
 *
 * @module
 */
import type { Source } from "./read_ahead.ts";

/** Bytes to read from a closing connection, so that a reset does not overtake its last reply. */
const LINGER_BYTES = 1024 * 1024;

/**
 * Discards input until the client closes its side. Closing with unread input causes a reset, which
 * can overtake the last reply.
 *
 * @param from The source of the client's bytes.
 * @param waste A buffer for the discarded bytes.
 */
export async function linger(from: Source, waste: Uint8Array): Promise<void> {
  for (let total = 0; total < LINGER_BYTES;) {
    const count = await from.read(waste);
    if (count === null) return;
    total += count;
  }
}

/** Closes something that may already be closed. */
export function close(what: { close(): void }): void {
  try {
    what.close();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether an error only means that the connection has ended, on either side. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.UnexpectedEof ||
    // Malformed TLS, or no TLS at all.
    error instanceof Deno.errors.InvalidData;
}
