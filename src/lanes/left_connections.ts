/**
 * The connections that a shared lane has left: to a long reply that its client takes slowly, or to a
 * request that Redis does not answer while it serves others, such as a script that runs for ever.
 *
 * Clients continue on a left connection while their requests wait there, so that Redis executes the
 * requests of one client in order. All others take the lane's new connection. Clients of which only
 * reads wait on the left one take it as well, and the reads are asked again there.
 *
 * @module
 */
import type { Connection } from "../origin/wire/connection.ts";
import type { Receiver } from "../origin/wire/expected.ts";
import { Passing, type Sender } from "./passing.ts";

/** The most connections that a lane leaves to slow requests. Then all clients wait. */
export const MOST_LEFT = 16;

interface Left {
  readonly connection: Connection;
  /** The number of bytes that it had received when the lane left it. */
  readonly received: number;
  /** Whether it was left to a long reply. */
  isTaken: boolean;
  /** The last request of each client that has to continue here. */
  readonly last: Map<Sender, Passing>;
  /** The reads that may be asked again. */
  movable: Passing[];
}

/** Takes a reply to a request that was asked again. */
const SWALLOW: Receiver = { reply() {}, part() {}, lost() {} };

export class LeftConnections {
  #all: Left[] = [];

  get size(): number {
    return this.#all.length;
  }

  get connections(): Connection[] {
    return this.#all.map(({ connection }) => connection);
  }

  /** Whether a silent connection may be left, too. */
  get hasRoom(): boolean {
    return this.#all.length < MOST_LEFT;
  }

  /** Whether a connection is left only to a slow request, and open. */
  get mayTakeBack(): boolean {
    return this.#all.some(({ connection, isTaken }) => !isTaken && connection.loss === null);
  }

  /** Leaves a connection to the long reply that is coming. Nobody returns to it. */
  giveUp(connection: Connection): void {
    const known = this.#all.find((one) => one.connection === connection);
    if (known !== undefined) known.isTaken = true;
    else this.#add(connection, true);
  }

  /**
   * Leaves a connection to a slow request.
   *
   * @returns Whether reads wait there that may be asked again.
   */
  leave(connection: Connection): boolean {
    const { last, movable } = this.#add(connection, false);
    const waiting = connection.waiting.filter((one) => one instanceof Passing);
    for (const passing of waiting) if (!passing.isMovable) last.set(senderOf(passing), passing);
    for (const passing of waiting) {
      const sender = senderOf(passing);
      if (last.has(sender)) last.set(sender, passing);
      else movable.push(passing);
    }
    return movable.length > 0;
  }

  /** Returns the connection on which a request has to follow others of its client; null for any. */
  follow(passing: Passing): Connection | null {
    const sender = senderOf(passing);
    for (const { connection, last } of this.#all) {
      if (connection.loss !== null || !last.get(sender)?.waitsOn(connection)) continue;
      last.set(sender, passing);
      return connection;
    }
    return null;
  }

  /**
   * Takes back the connection that was left last to a slow request; null if there is none.
   *
   * @param inAnyCase Whether it may be one over which nothing has come since.
   */
  takeBack(inAnyCase = false): Connection | null {
    const at = this.#all.findLastIndex(({ connection, received, isTaken }) =>
      !isTaken && connection.loss === null && (inAnyCase || connection.received !== received)
    );
    return at < 0 ? null : this.#all.splice(at, 1)[0]!.connection;
  }

  /** Returns the reads that other connections may answer. Their replies here no longer count. */
  takeMovable(): Passing[] {
    return this.#all.flatMap((left) => {
      if (left.connection.loss !== null) return [];
      const moved = left.movable.filter((one) => one.waitsOn(left.connection));
      const all = new Set<Receiver>(moved);
      left.movable = [];
      if (all.size > 0) left.connection.redirect((one) => all.has(one) ? SWALLOW : one);
      return moved;
    });
  }

  /** Ends the connections whose requests are all answered. */
  sweep(): void {
    for (const { connection } of this.#all) {
      if (connection.expected === 0) connection.close("its work is done");
    }
    this.#all = this.#all.filter(({ connection }) => connection.loss === null);
  }

  /** Forgets all connections. */
  clear(): void {
    this.#all = [];
  }

  #add(connection: Connection, isTaken: boolean): Left {
    const { received } = connection;
    const left: Left = { connection, received, isTaken, last: new Map(), movable: [] };
    this.#all.push(left);
    return left;
  }
}

/** The client of a request. */
function senderOf({ sender }: Passing): Sender {
  return sender.self ?? sender;
}
