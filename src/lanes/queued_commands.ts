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

/** The most commands and bytes that are sent again to another node. */
const MAX_COMMANDS = 1000;
const MAX_BYTES = 64 * 1024;

/** Commands that Redis refuses in a transaction without ending it, unless it gives them this flag. */
const NESTED = new Set(["multi", "watch"]);
const NO_MULTI = "no_multi";

export class QueuedCommands {
  /** Whether Redis has refused to queue a command, so that EXEC fails. */
  isBroken = false;
  #commands: Passable[] = [];
  #bytes = 0;

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

  /**
   * Whether a new transaction may get the same commands. Commands about clients name them by their
   * ids at one node, and nobody has the bytes of a large command that has passed as it arrived.
   */
  get isRepeatable(): boolean {
    return this.#commands.length <= MAX_COMMANDS && this.#bytes <= MAX_BYTES &&
      this.#commands.every(({ name, bytes }) => bytes.length > 0 && !name.startsWith("client|"));
  }

  add(command: Passable): void {
    this.#commands.push(command);
    this.#bytes += command.bytes.length;
  }

  /** Notes that Redis has refused to queue a command. */
  refused({ name, spec }: Passable): void {
    if (!NESTED.has(name) || spec?.flags.has(NO_MULTI)) this.isBroken = true;
  }

  clear(): void {
    this.isBroken = false;
    this.#bytes = 0;
    if (this.#commands.length > 0) this.#commands = [];
  }
}
