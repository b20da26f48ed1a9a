/**
 * Connects to a name with several addresses. It tries the next address once the one before has failed
 * or was silent for a moment (RFC 8305, "happy eyeballs"). Newer versions of `Deno.connect` do this
 * themselves, also for TLS; older ones try only the first address.
 *
 * @module
 */
import { isIP } from "node:net";
import process from "node:process";
import { Timeout } from "../../core/timeout.ts";
import type { Millis } from "../../core/types.ts";

/** After so much silence of an address, the next one is tried too. */
const HEAD_START: Millis = 250;

/**
 * Returns the connection to the first address that accepts, and closes all others.
 *
 * @param host A name or an IP address.
 * @param connect Connects to one address. Its signal aborts that.
 * @param signal Aborts all attempts.
 * @param resolve Returns the addresses of a name. Tests replace it.
 * @throws {Error} The error of the first address, if all have failed.
 */
export async function connectToAny<T extends { close(): void }>(
  host: string,
  connect: (address: string, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  resolve: (host: string) => Promise<string[]> = addressesOf,
): Promise<T> {
  using abortion = new Abortion(signal);
  const { givenUp } = abortion;
  const attempts: Promise<T>[] = [];
  let winner: T | null = null;
  try {
    const addresses = isIP(host) !== 0 ? [host] : await Promise.race([resolve(host), givenUp]);
    for (const address of addresses) {
      const attempt = connect(address, abortion.signal);
      attempts.push(attempt);
      using pause = new Timeout(HEAD_START);
      const connected = Promise.any(attempts).catch(() => null);
      const failed = attempt.catch(() => null);
      winner = await Promise.race([connected, failed, pause.over, givenUp]);
      if (winner !== null) return winner;
    }
    return winner = await Promise.race([Promise.any(attempts), givenUp]);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    abortion.abort();
    for (const attempt of attempts) {
      attempt.then((one) => one !== winner && one.close(), () => {/* It had failed. */});
    }
  }
}

/** Returns the addresses of a host, in the order of the system. */
async function addressesOf(host: string): Promise<string[]> {
  // Deno 2.4 warns of a module that it loads itself for this, in lines that are not of our log.
  Object.assign(process, { noDeprecation: true });
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Aborts the attempts, at the signal or once one has succeeded. The signal may live on, and must not
 * keep the attempts alive, so it is left at the end. `AbortSignal.any` would stay registered.
 */
class Abortion implements Disposable {
  readonly #controller = new AbortController();
  readonly #abort: () => void;
  /** Rejects at the outer signal. */
  readonly givenUp: Promise<never>;

  constructor(readonly outer: AbortSignal) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.givenUp = promise;
    promise.catch(() => {/* Then it was not needed. */});
    this.#abort = () => {
      reject(outer.reason);
      this.abort();
    };
    if (outer.aborted) this.#abort();
    else outer.addEventListener("abort", this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    this.outer.removeEventListener("abort", this.#abort);
  }
}
