/**
 * Questions to Redis, each with a limit in time.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Millis } from "../core/types.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { fieldOf, type Reply, ReplyError } from "../origin/wire/reply.ts";
import { within } from "../origin/within.ts";

/** A connection to Redis that answers questions. */
export class Asking {
  constructor(readonly connection: Connection, readonly limit: Millis) {}

  /** Sends a command. Returns an error of Redis; rejects if the connection ends or Redis is silent. */
  async ask(...words: string[]): Promise<Reply> {
    const bytes = words.map((word) => Buffer.from(word, "utf8").toString("latin1"));
    try {
      return await within(this.connection.call(...bytes), this.limit);
    } catch (error) {
      if (error instanceof ReplyError) return error;
      throw error;
    }
  }

  /** Sends a command; returns the error that Redis replies with, or null. */
  async refusal(...words: string[]): Promise<string | null> {
    const reply = await this.ask(...words);
    return reply instanceof ReplyError ? reply.message : null;
  }

  /** A section of INFO by field; null if Redis gives none. */
  async info(section: string): Promise<Map<string, string> | null> {
    const text = await this.ask("INFO", section);
    if (typeof text !== "string") return null;
    const lines = text.split(/\r?\n/).filter((line) => /^\w+:/.test(line));
    return new Map(lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1)];
    }));
  }

  /** A parameter of Redis's configuration; null if Redis does not say. */
  async config(name: string): Promise<string | null> {
    const value = fieldOf(await this.ask("CONFIG", "GET", name), name);
    return typeof value === "string" ? value : null;
  }
}
