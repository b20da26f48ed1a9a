/**
 * Commands of the proxy itself over a client's connection. The client gets no reply to them.
 *
 * @module
 */
import { NOTHING_WRITTEN } from "../commands/keys.ts";
import { requestOf } from "../origin/wire/outbox.ts";
import { Passable } from "./passable.ts";

/** Returns a command of the proxy, which changes no key. */
export function ownCommand(...words: string[]): Passable {
  const list = { count: words.length, string: (at: number) => words[at]! };
  return new Passable(requestOf(...words), undefined, list, null, NOTHING_WRITTEN);
}

/** A command that waits until the connection takes one. A newer command replaces it. */
export class OwnCommand {
  #request: Passable | null = null;
  #told: PromiseWithResolvers<void> | null = null;

  /**
   * Sets the command.
   *
   * @throws {Error} When Redis refuses it.
   */
  set(words: readonly string[]): Promise<void> {
    this.drop();
    const told = Promise.withResolvers<void>();
    this.#told = told;
    this.#request = ownCommand(...words);
    this.#request.onAnswer = (isError) => {
      if (isError) told.reject(new Error(`Redis refused ${words[0]}`));
      else told.resolve();
    };
    return told.promise;
  }

  /** Takes the command, to send it; null for none. */
  take(): Passable | null {
    const request = this.#request;
    this.#request = null;
    return request;
  }

  /** Drops the command, or its answer, because it is not needed any more. */
  drop(): void {
    this.#request = null;
    this.#told?.resolve();
    this.#told = null;
  }
}
