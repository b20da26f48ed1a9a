/**
 * One sentinel: keeps a connection to it, and asks it where the master is.
 *
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import { display, type OriginAddress } from "../../origin/address.ts";
import { authenticate } from "../../origin/greeting.ts";
import { Handshake, isReply } from "../../origin/handshake.ts";
import { open } from "../../origin/open.ts";
import { Declined, Refused } from "../../origin/refusal.ts";
import { Closings } from "../../origin/wire/closings.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import { requestOf } from "../../origin/wire/outbox.ts";
import { fieldOf, parseReply, type Reply } from "../../origin/wire/reply.ts";
import { within } from "../../origin/within.ts";
import type { Answer } from "./witnesses.ts";

/** What a sentinel knows of the master. */
export interface Known extends Answer {
  /** The number of sentinels that it knows, itself included. */
  readonly sentinels: number;
  /** After how much silence it takes the master for down; null if it does not say. */
  readonly downAfter: Millis | null;
}

/** The channel on which a sentinel tells of a new master. */
const CHANNEL = "+switch-master";

/** Sentinel's words for a name that it does not know. */
export const NO_NAME = "ERR No such master with that name";

export class Sentinel {
  /** Called when it tells by itself that a master has moved. Only a hint: it may be late. */
  onHint: () => void = () => {};
  #connection: Promise<Connection> | null = null;
  #isClosed = false;
  #mayListen = true;

  /**
   * @param address Its address, with its own user and password.
   * @param master The name of the master.
   * @param timeout How long each answer may take.
   */
  constructor(
    readonly address: OriginAddress,
    readonly master: string,
    readonly timeout: Millis,
  ) {}

  /** Its address for the log. */
  get name(): string {
    return display(this.address).replace(/^\w+:\/\/|\/\d+$/g, "");
  }

  /**
   * Asks it, over a new connection if there is none.
   *
   * @param sent Called when the question leaves.
   * @throws {Refused} When it refuses the password or the command, or does not know the name.
   * @throws {Error} When it cannot be reached, or is silent.
   */
  async ask(sent: () => void): Promise<Known> {
    const connection = await (this.#connection ??= this.#connect());
    try {
      sent();
      return await within(this.#ask(connection), this.timeout);
    } catch (error) {
      if (!(error instanceof Refused)) this.#drop(connection, (error as Error).message);
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.then((one) => one.close("not needed any more"), () => {/* There is none. */});
  }

  async #ask(connection: Connection): Promise<Known> {
    const [place, details] = await Promise.all([
      this.#call(connection, "GET-MASTER-ADDR-BY-NAME"),
      // Without the right to it, a majority decides alone.
      this.#call(connection, "MASTER").catch((error) => {
        if (error instanceof Refused && error.reply !== NO_NAME) return [];
        throw error;
      }),
    ]);
    if (place === null) throw new Refused("SENTINEL GET-MASTER-ADDR-BY-NAME", NO_NAME);
    const [host, port] = place as [string, string];
    const field = (name: string) => {
      const value = fieldOf(details, name);
      return value === undefined ? null : Number(value);
    };
    return {
      place: { host, port: Number(port) },
      epoch: field("config-epoch") ?? 0,
      sentinels: 1 + (field("num-other-sentinels") ?? 0),
      downAfter: field("down-after-milliseconds"),
    };
  }

  async #call(connection: Connection, question: string): Promise<Reply> {
    try {
      return await connection.call("SENTINEL", question, this.master);
    } catch (error) {
      throw isReply(error) ? new Refused(`SENTINEL ${question}`, error.message) : error;
    }
  }

  async #connect(): Promise<Connection> {
    try {
      const opened = await open(this.address, this.timeout, new Closings());
      await this.#prepare(opened.connection, opened.handshake);
      return opened.connection;
    } catch (error) {
      this.#connection = null;
      throw error;
    }
  }

  async #prepare(connection: Connection, handshake: Handshake): Promise<void> {
    try {
      await authenticate(handshake, this.address);
      connection.onEnd = () => this.#connection = null;
      if (this.#isClosed) throw new Error("not needed any more");
      await this.#listen(connection, handshake);
    } catch (error) {
      connection.close((error as Error).message);
      throw error;
    }
  }

  /**
   * In RESP3, messages come over the same connection. Without it, or without the right to subscribe,
   * the sentinel is only asked.
   */
  async #listen(connection: Connection, handshake: Handshake): Promise<void> {
    if (!this.#mayListen || !await speaksResp3(handshake)) return;
    connection.onPush = (bytes, from) => {
      const [kind, , message] = parseReply(bytes, from) as Reply[];
      if (kind === "message" && String(message).startsWith(`${this.master} `)) this.onHint();
    };
    connection.out.bytes(requestOf("SUBSCRIBE", CHANNEL));
    try {
      await handshake.must("PING"); // Only a refused SUBSCRIBE has a reply, and it would come here.
    } catch (error) {
      this.#mayListen = !(error instanceof Refused);
      throw error;
    }
  }

  #drop(connection: Connection, why: string): void {
    this.#connection = null;
    connection.close(why);
  }
}

async function speaksResp3(handshake: Handshake): Promise<boolean> {
  try {
    return fieldOf(await handshake.may("HELLO", "3") as Reply, "proto") === 3;
  } catch (error) {
    if (error instanceof Declined) return false;
    throw error;
  }
}
