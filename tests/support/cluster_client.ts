/**
 * A client that knows clusters: it sends commands with a key straight to the owner of the slot.
 *
 * @module
 */
import { slotOf } from "../../src/core/slot.ts";
import { Connection } from "../../src/origin/wire/connection.ts";
import { type Reply, ReplyError } from "../../src/origin/wire/reply.ts";
import { pause } from "./failover.ts";

/** A node that says nothing for so long is left, in milliseconds. */
const SILENT_MS = 1000;
const HOPS = 6;

export class ClusterClient {
  readonly #connections = new Map<number, Connection>();
  /** The ports of the owners that it knows, by slot. */
  readonly #owners = new Map<number, number>();

  /** @param ports The nodes. */
  constructor(readonly ports: readonly number[]) {}

  /** Sends a command, and goes where it is sent. Undefined if it got no answer. */
  async call(...words: [name: string, key: string, ...string[]]): Promise<Reply | undefined> {
    const slot = slotOf(words[1]);
    let port = this.#owners.get(slot) ?? this.#anyone();
    let isAsk = false;
    for (let hop = 0; hop < HOPS; hop++) {
      try {
        const connection = await this.#connect(port);
        const asked = isAsk ? connection.call("ASKING") : null;
        const answer = connection.call(...words);
        await asked;
        const said = await Promise.race([answer, pause(SILENT_MS)]);
        if (said !== undefined) return said;
        connection.close("silent");
        this.#owners.delete(slot);
        return undefined;
      } catch (error) {
        const moved = /^(MOVED|ASK) \d+ .*:(\d+)$/.exec((error as Error).message);
        if (moved !== null) {
          port = Number(moved[2]);
          isAsk = moved[1] === "ASK";
          if (!isAsk) this.#owners.set(slot, port);
          continue;
        }
        // Another node may know more.
        if (!(error instanceof ReplyError)) this.#owners.delete(slot);
        port = this.#anyone();
        isAsk = false;
        await pause(20);
      }
    }
    return undefined;
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close("no longer needed");
  }

  #anyone(): number {
    return this.ports[Math.floor(Math.random() * this.ports.length)]!;
  }

  async #connect(port: number): Promise<Connection> {
    const present = this.#connections.get(port);
    if (present !== undefined && present.loss === null) return present;
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    const connection = new Connection(socket);
    this.#connections.set(port, connection);
    return connection;
  }
}
