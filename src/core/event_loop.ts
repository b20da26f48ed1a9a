/**
 * A turn for the others: what a connection awaits that has been served for long enough.
 *
 * Reads and writes that are ready resolve at once, and while anything is ready Deno's runtime looks
 * for news of other sockets only every 61st time: measured, one client that sends as fast as it is
 * read kept others waiting for over a second. It looks at once when it has nothing to do. So all who
 * have had their share wait together for something that takes another thread a few microseconds: a
 * digest. A timer would take a millisecond or two, and an immediate callback would not do.
 *
 * @module
 */

const NOTHING = new Uint8Array();

let current: Promise<void> | undefined;

/** Resolves when all other sockets have had a look. */
export function turn(): Promise<void> {
  return current ??= rest().finally(() => current = undefined);
}

/** The first digest may be done before all have come to wait; in the second, nobody is at work. */
async function rest(): Promise<void> {
  await crypto.subtle.digest("SHA-256", NOTHING);
  await crypto.subtle.digest("SHA-256", NOTHING);
}
