/**
 * Makes connections to Redis, and remembers what the attempts taught of the server.
 *
 * @module
 */
import type { OriginAddress } from "./address.ts";
import { ClosedAt, Closings } from "./handshake.ts";
import type { LoopGuard } from "./loop_guard.ts";
import { openUpstream, type Upstream, type UpstreamOptions } from "./upstream.ts";

/** Connections that a server may close one after the other, each at a step, before that is a loss. */
const LESSONS = 24;

export class Connector {
  #closings = new Closings();
  #isClosed = false;

  constructor(
    readonly address: OriginAddress,
    readonly options: UpstreamOptions,
    readonly guard: LoopGuard,
  ) {}

  /** Connects; without tracking where that is not to be tried. Rejects as `openUpstream`. */
  async connect(isTrackingTried: boolean): Promise<Upstream> {
    const options = isTrackingTried ? this.options : { ...this.options, mode: "off" as const };
    return await this.#make(options, this.#closings);
  }

  /** Connects, and asks once more what the server has not answered so far. */
  async connectAfresh(): Promise<Upstream> {
    const closings = new Closings();
    const upstream = await this.#make(this.options, closings);
    this.#closings = closings;
    return upstream;
  }

  /** Has the attempt under way be the last. */
  close(): void {
    this.#isClosed = true;
  }

  /** Tries again at once where a server closes the connection as its answer. */
  async #make(options: UpstreamOptions, closings: Closings): Promise<Upstream> {
    const { address, guard } = this;
    for (let lessons = 0;; lessons++) {
      try {
        return await guard.watch(() => openUpstream(options, { address, guard, closings }));
      } catch (error) {
        if (!(error instanceof ClosedAt) || lessons === LESSONS || this.#isClosed) throw error;
      }
    }
  }
}
