/**
 * Makes pairs of connections to Redis, and remembers what the attempts taught of the server.
 *
 * @module
 */
import { loadClient, makeClient, type OriginAddress } from "./client.ts";
import { ClosedAt, Closings } from "./handshake.ts";
import type { LoopGuard } from "./loop_guard.ts";
import { makePair, type Pair, type PairOptions } from "./pair.ts";

/** Connections that a server may close one after the other, each at a step, before that is a loss. */
const LESSONS = 24;

export class Connector {
  #closings = new Closings();
  #isClosed = false;

  constructor(
    readonly address: OriginAddress,
    readonly options: PairOptions,
    readonly guard: LoopGuard,
  ) {}

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
    const { address, guard } = this;
    const Client = await loadClient();
    const make = () => makeClient(Client, address);
    for (let lessons = 0;; lessons++) {
      try {
        const acquaintance = { identity: address, guard, closings };
        return await guard.watch(() => makePair(make, options, acquaintance));
      } catch (error) {
        if (!(error instanceof ClosedAt) || lessons === LESSONS || this.#isClosed) throw error;
      }
    }
  }
}
