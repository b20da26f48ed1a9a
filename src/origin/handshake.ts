/**
 * The handshake of a connection, step by step. It checks every reply. Some steps are required; for the
 * others, a refusal is an answer.
 *
 * Some servers close the connection at an unknown command. This counts as a refusal if it happens
 * twice in a row at the same step, on connections that answered other steps.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";
import type { Millis } from "../core/types.ts";
import { CLOSES, Declined, isForbidden, Refused } from "./refusal.ts";
import { Closings } from "./wire/closings.ts";

/**
 * Sends a command. Arguments and replies are Latin-1: a code unit for each byte. Rejects with an error
 * named `ReplyError` if Redis replies with an error.
 */
export interface Asked {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Whether an error is a reply of Redis, and not a missing reply. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** The server closed the connection at an optional step. */
export class ClosedAt extends Error {
  constructor(step: string) {
    super(`Redis closed the connection at ${step}`);
  }
}

export class Handshake {
  /** Steps without an answer yet, the oldest first. */
  readonly #open: string[] = [];
  #hasAnswered = false;
  /** The steps that Redis declined so far. */
  readonly declined: Declined[] = [];

  /** @param timeout The longest time for each answer. */
  constructor(
    readonly redis: Asked,
    readonly timeout: Millis,
    readonly closings: Closings = new Closings(),
  ) {}

  /**
   * Takes a required step.
   *
   * @throws {Refused} If Redis replies with an error.
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
   * Takes an optional step.
   *
   * @throws {Declined} If Redis refuses.
   * @throws {Refused} If Redis says "not now".
   * @throws {ClosedAt} If the connection ends here, which may be an answer.
   */
  async may(command: string, ...args: string[]): Promise<unknown> {
    const step = stepOf(command, args);
    if (this.closings.has(step)) throw this.#decline(step, CLOSES);
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
   * Finds out whether a command may be used. An error about its arguments means yes.
   *
   * @throws {Error} As `may`, except for refusals.
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

  /** Whether the connection probably ended because of this step. */
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

/** Redis accepted a connection or a command, and did not answer in time. */
export class Silence extends Error {}

/** Returns a step for the log: the command, and only the arguments that distinguish it. */
function stepOf(command: string, args: string[]): string {
  const isNamed = command === "CLIENT" || command === "SCRIPT" || command === "SELECT";
  return isNamed ? `${command} ${args[0]}` : command;
}
