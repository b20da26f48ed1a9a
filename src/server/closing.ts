/**
 * How connections end: in order, at once, or by the other side.
 *
 * @module
 */
import type { Output, Sink } from "./output.ts";
import type { Source } from "./read_ahead.ts";

/** Bytes that a closing connection is drained of, so that a reset does not overtake its last reply. */
const LINGER_BYTES = 1024 * 1024;

/**
 * Reads away what still comes until the client ends its side: closing with unread input makes a
 * reset, which can overtake the last reply.
 *
 * @param from Where what the client sends is read.
 * @param waste Where what is read may be put.
 */
export async function linger(from: Source, waste: Uint8Array): Promise<void> {
  for (let total = 0; total < LINGER_BYTES;) {
    const count = await from.read(waste);
    if (count === null) return;
    total += count;
  }
}

/** Writes the last words to a client, if there are any, and ends its connection. */
export async function part(
  to: Sink & { readonly conn: Deno.Conn; close(): void },
  words: Output,
): Promise<void> {
  try {
    if (words.length > 0) {
      await words.flush(to);
      await to.conn.closeWrite();
    }
  } catch (error) {
    if (!isGone(error)) throw error;
  } finally {
    to.close();
  }
}

/** Closes what may have been closed before. */
export function close(what: { close(): void }): void {
  try {
    what.close();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether an error only says that the connection has ended, on whichever side. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.UnexpectedEof ||
    // Not TLS, or not as it should be.
    error instanceof Deno.errors.InvalidData;
}
