/**
 * The start of a connection, before its first request. The header of a load balancer, if one is
 * required, gives the client's address, and the first line decides the protocol.
 *
 * @module
 */
import { guess, type ProtocolName, sniff } from "./detect.ts";
import type { Input } from "./input.ts";
import type { Log } from "../core/log.ts";
import type { Addresses, Peer } from "./peer.ts";
import type { Protocol } from "./protocol.ts";
import { beginsWithProxyHeader, takeProxyHeader } from "./proxy_header.ts";

/** The parts that all arrivals share. */
export class Entrance {
  #hasWarned = false;

  /**
   * @param isHeaderWanted Whether each connection must begin with a PROXY protocol header.
   * @param converse Makes the conversation for a client in the protocol of its first line.
   */
  constructor(
    readonly isHeaderWanted: boolean,
    readonly converse: (name: ProtocolName, peer: Peer) => Protocol,
    readonly log: Log,
  ) {}

  /** Logs a missing or malformed header. */
  refuseWithout({ remote }: Peer): void {
    this.log.warn("Closed a connection without a PROXY protocol header", { peer: remote });
  }

  /** Logs an unexpected header, once: the load balancer sends one with each connection. */
  refuseWith({ remote }: Peer): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.log.warn(
      "Closed a connection with a PROXY protocol header: --proxy-protocol require would accept it",
      { peer: remote },
    );
  }
}

export class Arrival {
  #isHeaderDue: boolean;

  /** @param peer The ends of the connection, until a header gives the client's address. */
  constructor(readonly entrance: Entrance, public peer: Peer) {
    this.#isHeaderDue = entrance.isHeaderWanted;
  }

  /**
   * Returns the conversation, null if the connection must end, or `undefined` while more bytes are
   * needed.
   */
  converse(input: Input): Protocol | null | undefined {
    const isAdmitted = this.#isHeaderDue ? this.#takeHeader(input) : this.#judge(input);
    if (isAdmitted !== true) return isAdmitted === false ? null : undefined;
    const name = sniff(input);
    return name === undefined ? undefined : this.entrance.converse(name, this.peer);
  }

  /**
   * Returns the conversation in the protocol that the bytes so far resemble; null if they resemble
   * none.
   */
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
    if (header.peer !== null) this.peer = new Forwarded(this.peer, header.peer);
    return true;
  }

  /** A second header counts as a request. */
  #judge(input: Input): boolean | undefined {
    if (this.entrance.isHeaderWanted) return true;
    const isHeader = beginsWithProxyHeader(input);
    if (isHeader === true) this.entrance.refuseWith(this.peer);
    return isHeader === undefined ? undefined : !isHeader;
  }
}

/** A client behind a load balancer: it has the addresses of the header, and is never local. */
class Forwarded implements Peer {
  readonly isLocal = false;

  constructor(readonly balancer: Peer, readonly addresses: Addresses) {}

  get remote(): string {
    return this.addresses.remote;
  }

  get local(): string {
    return this.addresses.local;
  }

  push(bytes: Uint8Array): void | Promise<void> {
    return this.balancer.push(bytes);
  }

  close(): void {
    this.balancer.close();
  }
}
