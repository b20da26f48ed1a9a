/**
 * Commands that no node can serve now, because their slot is moving or its node is lost. Later
 * commands of the same client for the same slot wait for them, so that they keep their order.
 *
 * @module
 */
import type { Sender } from "../passing.ts";

/** A place in the order of the commands that are held up. */
export interface HeldPlace {
  /** Resolves when the command before it has ended; undefined if there is none. */
  readonly before: Promise<void> | undefined;
  /** The command has ended: the next one goes on. */
  leave(): void;
}

export class HeldUp {
  /** By client and slot: resolves when the last command has ended. */
  readonly #last = new Map<Sender, Map<number, Promise<void>>>();

  /** Whether no command is held up. */
  get isEmpty(): boolean {
    return this.#last.size === 0;
  }

  /** Whether commands of a client for a slot have to wait. */
  has(sender: Sender, slot: number): boolean {
    return this.#last.get(clientOf(sender))?.has(slot) ?? false;
  }

  /** Holds up a command behind those that wait. */
  join(sender: Sender, slot: number): HeldPlace {
    const client = clientOf(sender);
    const slots = this.#last.get(client) ?? new Map<number, Promise<void>>();
    this.#last.set(client, slots);
    const before = slots.get(slot);
    const { promise, resolve } = Promise.withResolvers<void>();
    slots.set(slot, promise);
    const leave = () => {
      resolve();
      if (slots.get(slot) === promise) slots.delete(slot);
      if (slots.size === 0) this.#last.delete(client);
    };
    return { before, leave };
  }
}

function clientOf(sender: Sender): Sender {
  return sender.self ?? sender;
}
