/**
 * Connects to a name that has several addresses: each gets its chance, the next one as soon as the
 * one before has failed or has been silent for a moment (RFC 8305, "happy eyeballs"). `Deno.connect`
 * does so itself in newer versions, for TLS too, but tries only the first address in older ones.
 *
 * @module
 */
import { isIP } from "node:net";
import process from "node:process";
import type { Millis } from "../../core/types.ts";

/** How long an address may be silent before the next one is tried beside it. */
const HEAD_START: Millis = 250;

/**
 * Returns the connection to the address that is the first to accept; all others are closed.
 *
 * @param host A name or an IP address.
 * @param connect Connects to one address; the signal says that it is wanted no more.
 * @param signal Gives all up.
 * @param resolve Gives the addresses of a name; a test's own may.
 * @throws {Error} What the first address failed with, when all have failed.
 */
export async function connectToAny<T extends { close(): void }>(
  host: string,
  connect: (address: string, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  resolve: (host: string) => Promise<string[]> = addressesOf,
): Promise<T> {
  const givenUp = aborted(signal);
  const addresses = isIP(host) !== 0 ? [host] : await Promise.race([resolve(host), givenUp]);
  const late = new AbortController();
  const either = AbortSignal.any([signal, late.signal]);
  const attempts: Promise<T>[] = [];
  let winner: T | null = null;
  try {
    for (const address of addresses) {
      const attempt = connect(address, either);
      attempts.push(attempt);
      using pause = new Pause(HEAD_START);
      const connected = Promise.any(attempts).catch(() => null);
      const failed = attempt.catch(() => null);
      winner = await Promise.race([connected, failed, pause.over, givenUp]);
      if (winner !== null) return winner;
    }
    return winner = await Promise.race([Promise.any(attempts), givenUp]);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    late.abort();
    for (const attempt of attempts) {
      attempt.then((one) => one !== winner && one.close(), () => {/* It had failed. */});
    }
  }
}

/** The addresses of a host, in the order that the system gives them. */
async function addressesOf(host: string): Promise<string[]> {
  // Deno 2.4 warns of a module that it loads itself for this, in lines that are not of our log.
  Object.assign(process, { noDeprecation: true });
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** Rejects when the signal is given; nobody need wait for that. */
function aborted(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  promise.catch(() => {/* Then it was not needed. */});
  return promise;
}

/** A moment that may be cut short. */
class Pause implements Disposable {
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly over: Promise<null>;

  constructor(length: Millis) {
    this.over = new Promise((resolve) => this.#timer = setTimeout(() => resolve(null), length));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
