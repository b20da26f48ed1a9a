/**
 * Connects to Redis, and remembers what attempts show about the server.
 *
 * @module
 */
import type { OriginAddress } from "./address.ts";
import { ClosedAt } from "./handshake.ts";
import { Closings } from "./wire/closings.ts";
import type { LoopGuard } from "./loop_guard.ts";
import { openUpstream, type Upstream, type UpstreamOptions } from "./upstream.ts";

/** The most connections in a row that a server may close at a step. After that it is a loss. */
const LESSONS = 24;

export class Connector {
  #closings = new Closings();
  #isClosed = false;

  constructor(
    readonly options: UpstreamOptions,
    readonly guard: LoopGuard,
  ) {}

  /** Connects, without tracking if that is not wanted. Rejects as `openUpstream`. */
  async connect(address: OriginAddress, isTrackingTried: boolean): Promise<Upstream> {
    const options = isTrackingTried ? this.options : { ...this.options, mode: "off" as const };
    return await this.#make(address, options, this.#closings);
  }

  /** Connects, and repeats the steps that the server has not answered so far. */
  async connectAfresh(address: OriginAddress): Promise<Upstream> {
    const closings = new Closings();
    const upstream = await this.#make(address, this.options, closings);
    this.#closings = closings;
    return upstream;
  }

  /** Makes the current attempt the last one. */
  close(): void {
    this.#isClosed = true;
  }

  /** Tries again at once if the server closes the connection as an answer. */
  async #make(
    address: OriginAddress,
    options: UpstreamOptions,
    closings: Closings,
  ): Promise<Upstream> {
    const { guard } = this;
    for (let lessons = 0;; lessons++) {
      try {
        return await guard.watch(() => openUpstream(options, { address, guard, closings }));
      } catch (error) {
        if (!(error instanceof ClosedAt) || lessons === LESSONS || this.#isClosed) throw error;
      }
    }
  }
}
