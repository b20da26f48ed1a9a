/**
 * The commands that Redis has queued in a transaction. What they change counts at EXEC.
 *
 * @module
 */
import { NOTHING_WRITTEN, type Written } from "../commands/keys.ts";
import { joined } from "./changes.ts";
import { changesReplies } from "./connection_state.ts";
import { switchesReplies } from "./exec_reply.ts";
import type { Passable } from "./passable.ts";

export class QueuedCommands {
  #commands: Passable[] = [];

  get all(): readonly Passable[] {
    return this.#commands;
  }

  /** Whether each reply must be looked at: to change it, to leave it out, or to tell its kind. */
  get needsElements(): boolean {
    return this.#commands.some((one) =>
      one.rewrite !== null || switchesReplies(one) || changesReplies(one.name)
    );
  }

  /** What they change when they are executed. */
  get written(): Written {
    return this.#commands.length === 0
      ? NOTHING_WRITTEN
      : joined(this.#commands.map(({ written }) => written));
  }

  add(command: Passable): void {
    this.#commands.push(command);
  }

  clear(): void {
    if (this.#commands.length > 0) this.#commands = [];
  }
}
