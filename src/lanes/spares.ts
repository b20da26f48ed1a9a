/**
 * Spare connections to Redis, so that a client that needs a private connection has one at once.
 * Otherwise requests of other clients that come later would reach Redis first, such as a PUBLISH
 * right after a SUBSCRIBE.
 *
 * @module
 */
import { SILENT } from "../core/silence.ts";
import { Failure } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";

/** An open connection of the proxy's own user, and its id at Redis; null if Redis does not say. */
export interface Opened {
  readonly connection: Connection;
  readonly upstreamId: number | null;
}

/** The number of spare connections for each version of the protocol. */
const KEPT = 4;

/** If fewer are left, those taken are replaced at once, else with the next look. */
const LOW = 2;

/** How many looks come between two proofs that the spares still lead to Redis. */
const PROOF_EVERY = 10;

export class Spares {
  readonly #ready: Record<2 | 3, Opened[]> = { 2: [], 3: [] };
  /** The versions for which there are spares. */
  readonly #wanted = new Set<2 | 3>();
  /** The numbers of connections that are being opened. */
  readonly #opening = { 2: 0, 3: 0 };
  /** How often all were dropped. */
  #drops = 0;
  #looks = 0;
  /** Whether Redis has not let the last one in. The next try waits. */
  #isRefused = false;
  #isClosed = false;

  /**
   * @param open Opens a connection. Never rejects.
   * @param room Returns how many connections may be opened.
   */
  constructor(
    readonly open: (version: 2 | 3) => Promise<Opened | Failure>,
    readonly room: () => number,
  ) {}

  /** Keeps spares for clients with this version of the protocol from now on. */
  want(version: 2 | 3): void {
    if (this.#wanted.has(version)) return;
    this.#wanted.add(version);
    this.#fill();
  }

  /** Takes a connection; undefined if none is ready. */
  take(version: 2 | 3): Opened | undefined {
    const list = this.#ready[version];
    // One that owes a proof may be lost.
    const at = list.findIndex(({ connection }) => connection.expected === 0);
    const taken = at < 0 ? undefined : list.splice(at, 1)[0];
    // A single client that uses MONITOR should not see the handshake of its successor.
    if (list.length < LOW) this.#fill();
    return taken;
  }

  /** Looks after the spares. Called at regular intervals. */
  look(): void {
    if (++this.#looks % PROOF_EVERY === 0) this.#prove();
    this.#fill();
  }

  /** Replaces all spares, because new ones would be different. */
  renew(why: string): void {
    this.#drops++;
    for (const { connection } of this.#all) connection.close(why);
    this.#fill();
  }

  /** Ends all spares for good. */
  close(): void {
    this.#isClosed = true;
    this.renew("the proxy is stopping");
  }

  get #all(): Opened[] {
    return [...this.#ready[2], ...this.#ready[3]];
  }

  /** Ends the spares that gave no proof since the last time, and asks the others for one. */
  #prove(): void {
    this.#isRefused = false;
    for (const { connection } of this.#all) {
      if (connection.expected > 0) connection.close(SILENT);
      else connection.call("PING").catch(() => {/* It is lost. */});
    }
  }

  #fill(): void {
    for (const version of this.#wanted) {
      let missing = KEPT - this.#ready[version].length - this.#opening[version];
      for (; missing > 0 && this.#mayOpen; missing--) this.#add(version);
    }
  }

  get #mayOpen(): boolean {
    const count = this.#all.length + this.#opening[2] + this.#opening[3];
    return !this.#isClosed && !this.#isRefused && count < this.room();
  }

  async #add(version: 2 | 3): Promise<void> {
    const drops = this.#drops;
    this.#opening[version]++;
    const opened = await this.open(version);
    this.#opening[version]--;
    if (opened instanceof Failure) {
      this.#isRefused = true;
      return;
    }
    const { connection } = opened;
    if (drops !== this.#drops) {
      connection.close("its work is done");
      return this.#fill();
    }
    const list = this.#ready[version];
    list.push(opened);
    connection.onEnd = () => {
      const at = list.indexOf(opened);
      if (at >= 0) list.splice(at, 1);
    };
    if (connection.loss !== null) connection.onEnd(connection.loss);
  }
}
