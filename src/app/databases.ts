/**
 * The databases of Redis that clients select, other than that of the settings. The first SELECT of a
 * database opens a way to it, with a cache and connections of its own.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import { isNotNow } from "../core/redis_errors.ts";
import { Failure } from "../core/types.ts";
import { selects } from "../lanes/one_question.ts";
import { failureOf } from "../origin/loss.ts";
import { followMaster } from "./follow_master.ts";
import { close, type Way } from "./way.ts";

/** The most databases with a cache. A Redis has 16 unless its operator wants more. */
const MOST = 16;

export class Databases {
  readonly #open = new Map<number, Way>();
  readonly #opening = new Map<number, Promise<Way | Failure | null>>();
  /** Called with the ways when one has been opened, or all are closed. */
  onChange: (all: readonly Way[]) => void = () => {};
  #isClosed = false;

  /**
   * @param home Returns the way to the database of the settings.
   * @param make Makes another one for these settings.
   */
  constructor(readonly home: () => Way, readonly make: (config: Config) => Way) {}

  /**
   * Returns the way to a database; null if Redis does not let the proxy in, or there are too many. A
   * failure says that Redis is not ready now, for example because of a slow script.
   */
  enter(database: number): Way | null | Promise<Way | Failure | null> {
    const home = this.home();
    if (database === home.config.origin.database) return home;
    const open = this.#open.get(database);
    if (open !== undefined) return open;
    if (home.lanes === null || home.data.cluster !== null || this.#isClosed) return null;
    const opening = this.#opening.get(database) ?? this.#begin(database);
    this.#opening.set(database, opening);
    return opening;
  }

  /** Ends all. */
  close(): void {
    this.#isClosed = true;
    for (const way of this.#open.values()) {
      way.lanes?.retire();
      close(way);
    }
    this.#open.clear();
    this.onChange([]);
  }

  async #begin(database: number): Promise<Way | Failure | null> {
    try {
      if (this.#open.size + this.#opening.size >= MOST) return null;
      return await this.#connect(database);
    } finally {
      this.#opening.delete(database);
    }
  }

  async #connect(database: number): Promise<Way | Failure | null> {
    const { config, lanes } = this.home();
    const refusal = await selects(lanes!.options.open, database);
    if (refusal !== null) {
      return isNotNow(refusal.message) ? new Failure("reply", refusal.message) : null;
    }
    const way = this.make({ ...config, origin: { ...config.origin, database } });
    followMaster(way.data, way.lanes);
    way.data.backing.open();
    if (await way.data.backing.up() === null || this.#isClosed) {
      const { loss } = way.data.backing;
      close(way);
      return loss.reason === "unready" && !this.#isClosed ? failureOf(loss) : null;
    }
    this.#open.set(database, way);
    this.onChange([...this.#open.values()]);
    return way;
  }
}
