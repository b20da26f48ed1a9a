/**
 * Ends the connections of clients that take too long. One timer checks all deadlines, because a timer
 * for each read would cost more than a hit.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import type { Log } from "../core/log.ts";
import type { Phase } from "./protocol.ts";
import type { SlowClients } from "./slow_clients.ts";
import type { Millis } from "../core/types.ts";

/** How long a connection may stay in a phase without progress; Infinity for no limit. */
export type Patience = Readonly<Record<Phase, Millis>>;

/** How often the deadlines are checked, which is also their precision. */
const SWEEP: Millis = 500;

export class Sweeper {
  readonly #timer = setInterval(() => this.#sweep(performance.now()), SWEEP);

  constructor(
    readonly connections: Iterable<Connection>,
    readonly slow: SlowClients,
    readonly patience: Patience,
    readonly log: Log,
  ) {}

  stop(): void {
    clearInterval(this.#timer);
  }

  #sweep(now: Millis): void {
    const { slow, patience } = this;
    slow.sweep(now);
    for (const connection of this.connections) {
      const { activity: { phase }, isClosed } = connection;
      // A client can also stall with replies that are too small to be counted.
      if (phase === "writing") slow.look(connection, now);
      if (!isClosed && now - connection.movedAt > patience[phase]) this.#end(connection, phase);
    }
  }

  #end(connection: Connection, phase: Phase): void {
    this.log.debug("Client timed out", { peer: connection.peer.remote, phase });
    if (phase === "writing") connection.cutOff();
    else if (phase === "partial") this.#expire(connection);
    else connection.close();
  }

  async #expire(connection: Connection): Promise<void> {
    try {
      await connection.expire();
    } catch (error) {
      this.log.error("Cannot end a connection", {
        peer: connection.peer.remote,
        why: String(error),
      });
    }
  }
}
