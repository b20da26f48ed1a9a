/**
 * Finds connections that have ended at Redis without a word to the proxy, as when a firewall
 * forgets them, and shared connections over which nothing comes any more. A passed command has no
 * time limit, so nothing else would notice.
 *
 * Silence alone proves nothing: Redis may be busy, paused, or have nothing to say to a client that
 * waits. So the watch asks Redis whether it still has the connection, and whether it has blocked it.
 * Redis answers the requests of a connection that is not blocked as they come. If Redis answers the
 * watch twice, and a shared connection that is not blocked is still silent, that one is broken.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { OriginAddress } from "../origin/address.ts";
import type { Connection } from "../origin/wire/connection.ts";

/** A connection that is watched. */
export interface Watched {
  readonly connection: Connection;
  /** The id of the connection at Redis; null if Redis does not say. */
  readonly upstreamId: number | null;
  /** Where it leads, if there are several places. */
  readonly place?: OriginAddress | undefined;
  /** The number of requests without a reply. */
  readonly outstanding: number;
  /** How long it may be silent before Redis is asked. */
  readonly patience: Millis;
  /** Whether its replies are always read at once. Else silence may be the fault of a client. */
  readonly isShared: boolean;
}

/** The connections that Redis has, by their ids, and whether each is blocked. */
export type Known = ReadonlyMap<number, boolean>;

const LOST = "Redis has ended the connection, and the proxy was not told";

/** The most connections to ask about at once. */
const ASKED = 1000;

export class HalfOpenWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  /** What each connection had received when it was last seen to change, and when that was. */
  readonly #seen = new WeakMap<Connection, { received: number; since: Millis }>();
  /** Connections that are silent although Redis should have answered. */
  readonly #suspected = new WeakSet<Connection>();
  #isAsking = false;

  /**
   * @param watched Returns the connections.
   * @param known Returns which of these ids Redis has now, at this place; null if it does not say.
   * @param onFound Called when a connection was lost: connections without requests may be, too.
   */
  constructor(
    readonly watched: () => readonly Watched[],
    readonly known: (ids: readonly number[], place?: OriginAddress) => Promise<Known | null>,
    every: Millis,
    readonly onFound: () => void = () => {},
  ) {
    this.#timer = setInterval(() => this.look(performance.now()), every);
    Deno.unrefTimer(this.#timer);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Looks at all connections, and ends those that are lost. Whatever ended one may have ended more:
   * then Redis is asked about all that wait.
   */
  async look(now: Millis): Promise<void> {
    const silent = this.watched().filter((one) => this.#isSilent(one, now)).slice(0, ASKED);
    if (silent.length === 0 || this.#isAsking) return;
    this.#isAsking = true;
    const places = new Set(silent.map(({ place }) => place));
    await Promise.all(
      Array.from(
        places,
        (place) => this.#lookAt(silent.filter((one) => one.place === place), place),
      ),
    );
    this.#isAsking = false;
  }

  async #lookAt(silent: readonly Watched[], place: OriginAddress | undefined): Promise<void> {
    const known = await this.#ask(silent, place);
    for (const one of silent) {
      if (known === null) this.#forget(one.connection);
      else this.#judge(one, known.get(one.upstreamId!));
    }
    if (!silent.some(({ upstreamId }) => known?.has(upstreamId!) === false)) return;
    this.onFound();
    const others = this.watched().filter((one) => isWaiting(one) && one.place === place)
      .slice(0, ASKED);
    const rest = others.length === 0 ? null : await this.#ask(others, place);
    for (const { connection, upstreamId } of others) {
      if (rest?.has(upstreamId!) === false) connection.close(LOST);
    }
  }

  #ask(about: readonly Watched[], place: OriginAddress | undefined): Promise<Known | null> {
    return this.known(about.map(({ upstreamId }) => upstreamId!), place);
  }

  /** @param isBlocked Whether Redis has blocked the connection; undefined if it has none. */
  #judge({ connection, isShared }: Watched, isBlocked: boolean | undefined): void {
    if (isBlocked === undefined) return connection.close(LOST);
    if (connection.received !== this.#seen.get(connection)?.received) return;
    if (isBlocked || !isShared) {
      this.#forget(connection);
    } else if (this.#suspected.has(connection)) {
      connection.close("Redis answers over other connections, but not over this one");
    } else {
      // The answer may be on its way.
      this.#suspected.add(connection);
    }
  }

  #forget(connection: Connection): void {
    this.#seen.delete(connection);
    this.#suspected.delete(connection);
  }

  #isSilent(watched: Watched, now: Millis): boolean {
    const { connection, patience } = watched;
    if (!isWaiting(watched)) {
      this.#forget(connection);
      return false;
    }
    const { received } = connection;
    const seen = this.#seen.get(connection);
    if (seen?.received === received) return now - seen.since >= patience;
    this.#suspected.delete(connection);
    this.#seen.set(connection, { received, since: now });
    return false;
  }
}

/** Whether a connection has requests without a reply, and Redis can be asked about it. */
function isWaiting({ connection, upstreamId, outstanding }: Watched): boolean {
  return outstanding > 0 && upstreamId !== null && connection.loss === null;
}
