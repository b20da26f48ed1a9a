/**
 * A connection to a node that takes its keyspace notifications, for all clients. It is opened again
 * after a loss.
 *
 * @module
 */
import { Failure, type Millis } from "../../core/types.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import { within } from "../../origin/within.ts";
import { requestOf } from "../../origin/wire/outbox.ts";
import { parseReply } from "../../origin/wire/reply.ts";
import { isEventChannel, type Subscription } from "./event_channels.ts";

/** Pause before another attempt to connect. */
const PAUSE: Millis = 100;

/** How often a connection is tried, in time-outs: nothing may come for long, and a firewall forgets. */
const TRIED_EVERY = 5;

/** A notification, and the channel or pattern that it was sent for. */
export interface Notification {
  readonly kind: Subscription["kind"];
  readonly name: string;
  /** As a push of RESP3. */
  readonly bytes: Uint8Array;
}

export interface NodeEventsOptions {
  /** Connects in RESP3. Never rejects. */
  readonly open: () => Promise<Connection | Failure>;
  /** What is subscribed to now, by kind. */
  readonly wanted: () => Record<Subscription["kind"], Iterable<string>>;
  readonly notify: (notification: Notification) => void;
  /** How long the node may take to answer. */
  readonly timeout: Millis;
}

export class NodeEvents {
  #connection: Connection | null = null;
  #isClosed = false;
  #trying: ReturnType<typeof setInterval>;
  /** Resolves after the first attempt to connect. */
  readonly ready: Promise<void>;

  constructor(readonly options: NodeEventsOptions) {
    this.#trying = setInterval(() => this.#try(), TRIED_EVERY * options.timeout);
    this.ready = this.#connect();
  }

  /** Sends a command about subscriptions. Resolves when it has taken effect, or the node is lost. */
  async send(command: string, names: readonly string[]): Promise<void> {
    const connection = this.#connection;
    if (connection === null) return;
    // Pushes confirm it. The reply to a later command says that they have come.
    if (names.length > 0) connection.out.bytes(requestOf(command, ...names));
    await connection.call("PING").catch(() => {/* It is opened again. */});
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#trying);
    this.#connection?.close("no client wants its notifications");
  }

  async #connect(): Promise<void> {
    const opened = await this.options.open();
    if (opened instanceof Failure || opened.loss !== null) return this.#again();
    if (this.#isClosed) return opened.close("no client wants its notifications");
    this.#connection = opened;
    opened.onPush = (bytes, from, to) => this.#hear(bytes.subarray(from, to));
    opened.onEnd = () => this.#again();
    const { subscribe, psubscribe } = this.options.wanted();
    await Promise.all([
      this.send("SUBSCRIBE", [...subscribe]),
      this.send("PSUBSCRIBE", [...psubscribe]),
    ]);
  }

  async #try(): Promise<void> {
    const connection = this.#connection;
    if (connection === null) return;
    await within(connection.call("PING"), this.options.timeout)
      .catch(() => connection.close("it does not answer"));
  }

  #again(): void {
    this.#connection = null;
    if (!this.#isClosed) setTimeout(() => this.#isClosed || this.#connect(), PAUSE);
  }

  #hear(bytes: Uint8Array): void {
    const [kind, name, channel] = parseReply(bytes) as readonly string[];
    if (kind !== "message" && kind !== "pmessage") return;
    // Other messages come from the node that the client itself is connected to.
    if (!isEventChannel(kind === "message" ? name! : channel!)) return;
    const subscribed = kind === "message" ? "subscribe" : "psubscribe";
    this.options.notify({ kind: subscribed, name: name!, bytes: bytes.slice() });
  }
}
