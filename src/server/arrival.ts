/**
 * What happens before a connection's first request: the header of a load balancer, if there is to be
 * one, tells who the client is, and the first line which protocol it speaks.
 *
 * @module
 */
import { guess, type ProtocolName, sniff } from "./detect.ts";
import type { Input } from "./input.ts";
import type { Log } from "../core/log.ts";
import type { Peer } from "./peer.ts";
import type { Protocol } from "./protocol.ts";
import { beginsWithProxyHeader, takeProxyHeader } from "./proxy_header.ts";

/** What all arrivals share. */
export class Entrance {
  #hasWarned = false;

  /**
   * @param isHeaderWanted Whether each connection has to begin with a PROXY protocol header.
   * @param converse Makes the conversation of a client in the protocol that its first line speaks.
   */
  constructor(
    readonly isHeaderWanted: boolean,
    readonly converse: (name: ProtocolName, peer: Peer) => Protocol,
    readonly log: Log,
  ) {}

  /** Notes a header that is missing, or malformed. */
  refuseWithout({ remote }: Peer): void {
    this.log.warn("Closed a connection without a PROXY protocol header", { peer: remote });
  }

  /** Notes a header where there is to be none: the load balancer sends one with each connection. */
  refuseWith({ remote }: Peer): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.log.warn(
      "Closed a connection with a PROXY protocol header: wanted --proxy-protocol require, or none",
      { peer: remote },
    );
  }
}

export class Arrival {
  #isHeaderDue: boolean;

  /** @param peer The ends of the connection, until a header gives the client's. */
  constructor(readonly entrance: Entrance, public peer: Peer) {
    this.#isHeaderDue = entrance.isHeaderWanted;
  }

  /**
   * Returns the conversation, null for a connection that has to end without one, or `undefined` while
   * more bytes are needed.
   */
  converse(input: Input): Protocol | null | undefined {
    const isAdmitted = this.#isHeaderDue ? this.#takeHeader(input) : this.#judge(input);
    if (isAdmitted !== true) return isAdmitted === false ? null : undefined;
    const name = sniff(input);
    return name === undefined ? undefined : this.entrance.converse(name, this.peer);
  }

  /** Returns the conversation that the bytes so far resemble; null where they are no part of one. */
  guess(input: Input): Protocol | null {
    return this.#isHeaderDue ? null : this.entrance.converse(guess(input), this.peer);
  }

  #takeHeader(input: Input): boolean | undefined {
    const header = takeProxyHeader(input);
    if (header === undefined) return undefined;
    if (header === null) {
      this.entrance.refuseWithout(this.peer);
      return false;
    }
    this.#isHeaderDue = false;
    if (header.peer !== null) this.peer = header.peer;
    return true;
  }

  /** A second header behind the first one is for nobody: it counts as a request. */
  #judge(input: Input): boolean | undefined {
    if (this.entrance.isHeaderWanted) return true;
    const isHeader = beginsWithProxyHeader(input);
    if (isHeader === true) this.entrance.refuseWith(this.peer);
    return isHeader === undefined ? undefined : !isHeader;
  }
}
