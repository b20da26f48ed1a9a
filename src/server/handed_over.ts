/**
 * A connection that a request has taken over to serve the client itself, such as a request over a
 * private lane.
 *
 * @module
 */
import { isGone } from "./closing.ts";
import type { Intake } from "./intake.ts";
import type { Lookup } from "../core/types.ts";
import type { ClientEnd, ClientRequest } from "./protocol.ts";
import type { ReadAhead, Source } from "./read_ahead.ts";

/** The connection itself. */
interface Served {
  readonly conn: Deno.Conn;
  /** Reads ahead from the client. */
  ahead(): ReadAhead;
  close(): void;
}

export class HandedOver implements ClientEnd {
  onFinish: () => void;
  /** Whether the last read filled its room, so that more bytes are probably waiting. */
  #isMore = false;

  /** @param source The current source of the client's bytes. */
  constructor(
    readonly connection: Served,
    readonly intake: Intake,
    readonly source: () => Source,
  ) {
    this.onFinish = () => this.close();
  }

  get lookup(): Lookup {
    return this.intake.lookup;
  }

  next(): ClientRequest | undefined {
    return this.intake.next();
  }

  async receive(): Promise<boolean> {
    const { input, slice } = this.intake;
    if (this.intake.isPaused) {
      await slice.yield();
      return true;
    }
    if (!this.#isMore) input.relax();
    try {
      const count = await this.source().read(input.room());
      this.intake.service.stats.bytesIn += count ?? 0;
      // Redis must know at once, or it gives the client what nobody takes.
      if (count === null) return false;
      this.#isMore = input.received(count);
      // A read that left room has emptied the socket: the next one lets other clients in.
      if (!this.#isMore) slice.begin(performance.now());
      else if (slice.isOver(performance.now())) await slice.yield();
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async during(wait: Promise<unknown>): Promise<boolean> {
    const end = this.connection.ahead().ended.then(() => false);
    return await Promise.race([wait.then(() => true), end]);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { conn } = this.connection;
    this.intake.service.stats.bytesOut += bytes.length;
    try {
      while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  finish(): void {
    this.intake.finish();
  }

  close(): void {
    this.connection.close();
  }
}
