/**
 * The commands that Redis has queued in a transaction. What they change counts at EXEC.
 *
 * @module
 */
import { NOTHING_WRITTEN, type Written } from "../commands/keys.ts";
import { joined } from "./changes.ts";
import { changesReplies } from "./connection_state.ts";
import { cutsReplies, type ExecReply, execReplyOf } from "./exec_reply.ts";
import type { Passable } from "./passable.ts";

export class QueuedCommands {
  #commands: Passable[] = [];

  get length(): number {
    return this.#commands.length;
  }

  /** Whether replies can no longer be matched to requests once these are executed. */
  get changesReplies(): boolean {
    return this.#commands.some(({ name }) => changesReplies(name));
  }

  /** Whether the reply to EXEC must be changed, and so be collected. */
  get changeReply(): boolean {
    return this.#commands.some((one) => one.rewrite !== null || cutsReplies(one));
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

  /** Returns the reply to EXEC as the client gets it; null to pass it unchanged. */
  replyOf(reply: Uint8Array): ExecReply | null {
    return execReplyOf(reply, this.#commands);
  }

  clear(): void {
    if (this.#commands.length > 0) this.#commands = [];
  }
}
