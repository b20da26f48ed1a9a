/**
 * What is asked of a server when a shared connection opens: its commands, the longest argument that
 * it takes, and the fields of a client's line in CLIENT LIST. It is asked again each time, because it may be another server now.
 *
 * @module
 */
import type { Reply as CommandReply } from "../commands/spec.ts";
import { CommandTable } from "../commands/table.ts";
import { Failure } from "../core/types.ts";
import { Closings } from "../origin/wire/closings.ts";
import type { Connection } from "../origin/wire/connection.ts";
import { type ClientFields, fieldsOf } from "./client_line.ts";
import { isBusy } from "./greeting.ts";
import { fieldOf, type Reply } from "../origin/wire/reply.ts";

const QUESTIONS = ["COMMAND", "CONFIG GET proto-max-bulk-len", "CLIENT INFO"] as const;
type Question = typeof QUESTIONS[number];

/** Opens a connection, and prepares it before it counts as open. Never rejects. */
type Open = (prepare: (connection: Connection) => Promise<void>) => Promise<Connection | Failure>;

/** Takes the answers. A server that does not answer a question gives none. */
export interface Answers {
  onTable(table: CommandTable): void;
  /** @param bytes The length of the longest argument. */
  onLongest(bytes: number): void;
  onFields(fields: ClientFields): void;
  /** @param id The id of the connection at Redis. */
  onId(connection: Connection, id: number): void;
}

export class Questions {
  /** Questions at which the server ends the connection, as some do at an unknown command. */
  readonly #closings = new Closings();

  constructor(readonly answers: Answers) {}

  /** Opens a connection and asks the server, without the question at which it last ended one. */
  async ask(open: Open): Promise<Connection | Failure> {
    let closedAt: Question | undefined;
    const opened = await open(async (connection) => {
      closedAt = await this.#askAll(connection);
    });
    const isSilent = opened instanceof Failure && opened.reason === "timeout";
    if (closedAt === undefined || isSilent) return opened;
    this.#closings.note(closedAt);
    return await this.ask(open);
  }

  /** Returns the question at which the server ended the connection; undefined for none. */
  async #askAll(connection: Connection): Promise<Question | undefined> {
    // Shows whether the server answers at all.
    await connection.call("PING").catch(() => null);
    for (const question of QUESTIONS) {
      if (connection.loss !== null) return undefined;
      if (this.#closings.has(question)) continue;
      this.#learn(question, await connection.call(...question.split(" ")).catch(() => null));
      if (connection.loss !== null) return question;
      this.#closings.forget(question);
    }
    const id = await idOf(connection);
    if (id !== null) this.answers.onId(connection, id);
    return undefined;
  }

  /** Takes an answer. A server without COMMAND gets all commands over private lanes. */
  #learn(question: Question, reply: Reply): void {
    if (question === "COMMAND") {
      if (Array.isArray(reply)) this.answers.onTable(CommandTable.of(reply as CommandReply));
    } else if (question === "CLIENT INFO") {
      if (typeof reply === "string") this.answers.onFields(fieldsOf(reply));
    } else {
      const bytes = Number(fieldOf(reply, "proto-max-bulk-len"));
      if (bytes > 0) this.answers.onLongest(bytes);
    }
  }
}

/** Returns the id of a connection at Redis; null if Redis does not say. */
export async function idOf(connection: Connection): Promise<number | null> {
  const id = await connection.call("CLIENT", "ID").catch((error: Error) => error);
  if (typeof id === "number") return id;
  if (!isBusy(id)) return null;
  // While a script keeps Redis busy, it still takes HELLO.
  const hello = await connection.call("HELLO").catch(() => null);
  return Number(fieldOf(hello, "id")) || null;
}
