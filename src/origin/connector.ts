/**
 * Makes pairs of connections to Redis, and remembers what the attempts taught of the server.
 *
 * @module
 */
import type { Key } from "../core/types.ts";
import { loadClient, makeClient, type OriginAddress } from "./client.ts";
import { ClosedAt, Closings } from "./handshake.ts";
import { makePair, type Pair, type PairOptions } from "./pair.ts";

/** Connections that a server may close one after the other, each at a step, before that is a loss. */
const LESSONS = 24;

export class Connector {
  /** A key that nobody has: the handshake reads it, and a proxy that is asked for it by itself knows. */
  readonly probeKey: Key = `redis-proxy:probe:${crypto.randomUUID()}`;
  #closings = new Closings();
  #attempts = 0;
  #isClosed = false;

  constructor(readonly address: OriginAddress, readonly options: PairOptions) {}

  /** Whether the probe key may be on its way. */
  get isProbing(): boolean {
    return this.#attempts > 0;
  }

  /** Makes a pair; one without tracking where that is not to be tried. Rejects as `makePair`. */
  async connect(isTrackingTried: boolean): Promise<Pair> {
    const options = isTrackingTried ? this.options : { ...this.options, mode: "off" as const };
    return await this.#make(options, this.#closings);
  }

  /** Makes a pair, and asks once more what the server has not answered so far. */
  async connectAfresh(): Promise<Pair> {
    const closings = new Closings();
    const pair = await this.#make(this.options, closings);
    this.#closings = closings;
    return pair;
  }

  /** Has the attempt under way be the last. */
  close(): void {
    this.#isClosed = true;
  }

  /** Tries again at once where a server closes the connection as its answer. */
  async #make(options: PairOptions, closings: Closings): Promise<Pair> {
    const { address, probeKey } = this;
    const Client = await loadClient();
    const make = () => makeClient(Client, address);
    this.#attempts++;
    try {
      for (let lessons = 0;; lessons++) {
        try {
          return await makePair(make, options, { identity: address, probeKey, closings });
        } catch (error) {
          if (!(error instanceof ClosedAt) || lessons === LESSONS || this.#isClosed) throw error;
        }
      }
    } finally {
      this.#attempts--;
    }
  }
}
