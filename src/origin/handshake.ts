/**
 * Asks the questions of a connection's handshake. No answer goes unnoticed: a step is required, or it
 * is one that the proxy can do without, and then a refusal is an answer.
 *
 * Some servers close the connection at a command that they do not know. That is an answer too, once
 * it has happened twice in a row at the same step, on connections that answered other questions.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";
import type { Millis } from "../core/types.ts";
import { Declined, isForbidden, Refused } from "./refusal.ts";

/**
 * A connection. Text has a code unit for each byte (Latin-1), in arguments and in replies. It rejects
 * with an error named `ReplyError` where Redis replied with an error.
 */
export interface Asked {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Whether an error is what Redis replied, and not that there was no reply. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** The server closed the connection at a step that the proxy can do without. */
export class ClosedAt extends Error {
  constructor(step: string) {
    super(`Redis closed the connection at ${step}`);
  }
}

/** How often in a row a connection ends at a step until that counts as the server's answer. */
const ANSWER = 2;

/** The steps at which a server closes its connections. */
export class Closings {
  readonly #counts = new Map<string, number>();

  /** Whether the server closes the connection at this step. */
  has(step: string): boolean {
    return (this.#counts.get(step) ?? 0) >= ANSWER;
  }

  note(step: string): void {
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
  }

  forget(step: string): void {
    this.#counts.delete(step);
  }
}

export class Handshake {
  /** Steps without an answer yet, the oldest first. */
  readonly #open: string[] = [];
  #hasAnswered = false;
  /** What Redis declined so far. */
  readonly declined: Declined[] = [];

  /** @param timeout How long each answer may take. */
  constructor(
    readonly redis: Asked,
    readonly timeout: Millis,
    readonly closings: Closings = new Closings(),
  ) {}

  /**
   * Asks what there is no doing without.
   *
   * @throws {Refused} When Redis replies with an error.
   */
  async must(command: string, ...args: string[]): Promise<unknown> {
    const step = stepOf(command, args);
    try {
      return await this.#ask(step, command, args);
    } catch (error) {
      throw isReply(error) ? new Refused(step, error.message) : error;
    }
  }

  /**
   * Asks what the proxy can do without.
   *
   * @throws {Declined} When Redis refuses.
   * @throws {Refused} When Redis says "not now".
   * @throws {ClosedAt} When the connection ends here, which may be an answer.
   */
  async may(command: string, ...args: string[]): Promise<unknown> {
    const step = stepOf(command, args);
    if (this.closings.has(step)) throw this.#decline(step, "Redis closes the connection");
    try {
      const reply = await this.#ask(step, command, args);
      this.closings.forget(step);
      return reply;
    } catch (error) {
      if (error instanceof Silence) throw error;
      if (!isReply(error)) throw this.#isToBlame(step) ? this.#close(step) : error;
      if (isNotNow(error.message)) throw new Refused(step, error.message);
      throw this.#decline(step, error.message);
    }
  }

  /**
   * Asks whether a command may be used: an error about its arguments says that it may.
   *
   * @throws {Error} As `may`, but for refusals.
   */
  async allows(command: string, ...args: string[]): Promise<boolean> {
    try {
      await this.may(command, ...args);
      return true;
    } catch (error) {
      if (!(error instanceof Declined)) throw error;
      if (isForbidden(error.reply)) return false;
      this.declined.splice(this.declined.indexOf(error), 1);
      return true;
    }
  }

  async #ask(step: string, command: string, args: string[]): Promise<unknown> {
    this.#open.push(step);
    const late = Promise.withResolvers<never>();
    const silence = new Silence(`no answer to ${step} within ${this.timeout} ms`);
    const limit = setTimeout(() => late.reject(silence), this.timeout);
    try {
      const reply = await Promise.race([this.redis.call(command, ...args), late.promise]);
      this.#answered(step);
      return reply;
    } catch (error) {
      if (isReply(error)) this.#answered(step);
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  #answered(step: string): void {
    this.#hasAnswered = true;
    this.#open.splice(this.#open.indexOf(step), 1);
  }

  /** Whether the connection ended because of this step, for all that is known. */
  #isToBlame(step: string): boolean {
    return this.#hasAnswered && this.#open[0] === step;
  }

  #close(step: string): ClosedAt {
    this.closings.note(step);
    return new ClosedAt(step);
  }

  #decline(step: string, reply: string): Declined {
    const declined = new Declined(step, reply);
    this.declined.push(declined);
    return declined;
  }
}

/** Redis took a connection or a question, and did not answer in time. */
export class Silence extends Error {}

/** A step as the log shows it: the command, and of its arguments only what tells it from others. */
function stepOf(command: string, args: string[]): string {
  const isNamed = command === "CLIENT" || command === "SCRIPT" || command === "SELECT";
  return isNamed ? `${command} ${args[0]}` : command;
}
