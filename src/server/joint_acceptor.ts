/**
 * Several listeners as one.
 *
 * @module
 */
import type { Acceptor } from "./acceptor.ts";

/** The result of one `accept`. */
type Arrival = () => Deno.Conn;

export class JointAcceptor implements Acceptor {
  /** Arrivals that are not taken yet, at most one of each listener. */
  readonly #arrivals: { readonly arrival: Arrival; readonly onTaken: () => void }[] = [];
  #take: ((arrival: Arrival) => void) | null = null;
  #isClosed = false;

  /**
   * @param parts The listeners; `addr` is the address of the first TCP listener, if there is one.
   */
  constructor(readonly parts: readonly Acceptor[]) {
    for (const part of parts) this.#pump(part);
  }

  get addr(): Deno.Addr {
    const tcp = this.parts.find(({ addr }) => addr.transport === "tcp");
    return (tcp ?? this.parts[0]!).addr;
  }

  async accept(): Promise<Deno.Conn> {
    const next = this.#arrivals.shift();
    next?.onTaken();
    const arrival = next?.arrival ??
      await new Promise<Arrival>((resolve) => this.#take = resolve);
    return arrival();
  }

  close(): void {
    this.#isClosed = true;
    for (const part of this.parts) part.close();
  }

  /** Accepts clients from one listener, one at a time: the next once the last one was taken. */
  async #pump(part: Acceptor): Promise<void> {
    while (!this.#isClosed) {
      const arrival = await part.accept().then<Arrival, Arrival>(
        (conn) => () => conn,
        (error) => () => {
          throw error;
        },
      );
      if (this.#take === null) {
        await new Promise<void>((onTaken) => this.#arrivals.push({ arrival, onTaken }));
      } else {
        this.#take(arrival);
        this.#take = null;
      }
    }
  }
}
