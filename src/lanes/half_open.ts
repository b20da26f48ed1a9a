/**
 * Finds connections that have ended at Redis without a word to the proxy, as when a firewall
 * forgets them. A passed command has no time limit, so nothing else would notice. Redis itself is
 * asked whether it still has the connection, because silence alone proves nothing: it may be busy,
 * paused, or have nothing to say to a client that waits.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";

/** A connection that is watched. */
export interface Watched {
  readonly connection: Connection;
  /** The id of the connection at Redis; null if Redis does not say. */
  readonly upstreamId: number | null;
  /** The number of requests without a reply. */
  readonly outstanding: number;
  /** How long it may be silent before Redis is asked. */
  readonly patience: Millis;
}

/** The most connections to ask about at once. */
const ASKED = 1000;

export class HalfOpenWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  /** What each connection had received when it was last seen to change, and when that was. */
  readonly #seen = new WeakMap<Connection, { received: number; since: Millis }>();
  #isAsking = false;

  /**
   * @param watched Returns the connections.
   * @param known Returns which of these ids Redis has now; null if it does not say.
   */
  constructor(
    readonly watched: () => readonly Watched[],
    readonly known: (ids: readonly number[]) => Promise<ReadonlySet<number> | null>,
    every: Millis,
  ) {
    this.#timer = setInterval(() => this.look(performance.now()), every);
    Deno.unrefTimer(this.#timer);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks at all connections, and ends those that Redis does not have any more. */
  async look(now: Millis): Promise<void> {
    const silent = this.watched().filter((one) => this.#isSilent(one, now)).slice(0, ASKED);
    if (silent.length === 0 || this.#isAsking) return;
    this.#isAsking = true;
    const known = await this.known(silent.map(({ upstreamId }) => upstreamId!));
    this.#isAsking = false;
    for (const { connection, upstreamId } of silent) {
      this.#seen.delete(connection);
      if (known?.has(upstreamId!) === false) {
        connection.close("Redis has ended the connection, and the proxy was not told");
      }
    }
  }

  #isSilent({ connection, upstreamId, outstanding, patience }: Watched, now: Millis): boolean {
    if (outstanding === 0 || upstreamId === null || connection.loss !== null) {
      this.#seen.delete(connection);
      return false;
    }
    const { received } = connection;
    const seen = this.#seen.get(connection);
    if (seen?.received === received) return now - seen.since >= patience;
    this.#seen.set(connection, { received, since: now });
    return false;
  }
}
