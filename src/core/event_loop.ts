/**
 * Yields to other connections. A connection awaits this after it has been served for a while.
 *
 * Reads and writes that are ready resolve at once. While anything is ready, Deno's runtime polls
 * other sockets only every 61st time: measured, a client that sends as fast as it is read kept
 * others waiting for over a second. The runtime polls at once if it has nothing to do. So all
 * connections that have used their share wait together for work that takes another thread a few
 * microseconds: a digest. A timer would take a millisecond or two, and an immediate callback does
 * not help.
 *
 * @module
 */

const NOTHING = new Uint8Array();

let current: Promise<void> | undefined;

/** Resolves when all other sockets were polled. */
export function turn(): Promise<void> {
  return current ??= rest().finally(() => current = undefined);
}

/** The first digest may end before all connections wait; during the second, none is busy. */
async function rest(): Promise<void> {
  await crypto.subtle.digest("SHA-256", NOTHING);
  await crypto.subtle.digest("SHA-256", NOTHING);
}
