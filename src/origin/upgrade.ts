/**
 * Tries tracking again at intervals, because somebody may have granted the rights. Reads go on over
 * the present connections.
 *
 * @module
 */
import type { Connector } from "./connector.ts";
import { upgradePause } from "./pauses.ts";
import { disconnect, type Upstream } from "./upstream.ts";

export class Upgrade {
  /** The connections to replace; null for none. */
  #present: Upstream | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** @param onBetter Called with better connections, which it has to use or to close. */
  constructor(
    readonly connector: Connector,
    readonly onBetter: (upstream: Upstream) => void,
  ) {}

  /**
   * Tries until there are better connections, or until it is stopped.
   *
   * @param isGood Whether connections are better although Redis allows them no more.
   */
  plan(present: Upstream, isGood: (upstream: Upstream) => boolean, attempt = 0): void {
    this.#present = present;
    this.#pause = setTimeout(async () => {
      const upstream = await this.connector.connectAfresh(present.address).catch(() => null);
      const isBetter = upstream?.data.loss === null &&
        (isMoreCapable(upstream, present) || isGood(upstream));
      if (this.#present === present && isBetter) return this.onBetter(upstream);
      if (upstream !== null) disconnect(upstream, "not needed");
      if (this.#present === present) this.plan(present, isGood, attempt + 1);
    }, upgradePause(attempt));
  }

  stop(): void {
    this.#present = null;
    clearTimeout(this.#pause);
  }
}

/** Whether Redis tracks the reads of new connections at last, or refuses them fewer steps. */
function isMoreCapable(upstream: Upstream, present: Upstream): boolean {
  return (upstream.tracking !== null && present.tracking === null) ||
    upstream.declined.length < present.declined.length;
}
