/**
 * Keeps the commands of each client for a slot in order, though some of them are redirected, or no
 * node can serve them now. Later ones wait behind these.
 *
 * @module
 */
import type { Connection } from "../../origin/wire/connection.ts";
import { Passing, type Sender } from "../passing.ts";
import { answered } from "./answered.ts";
import { type HeldPlace, SlotQueue } from "./slot_queue.ts";

export class HeldUp {
  /** By client and slot. */
  readonly #queues = new Map<Sender, Map<number, SlotQueue>>();
  #order = 0;

  /** Whether no command is held up. */
  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Returns the number of a command in the order of all, or the first of so many numbers. */
  number(count = 1): number {
    const first = this.#order;
    this.#order += count;
    return first;
  }

  /** Whether commands of a client for a slot have to wait. */
  has(sender: Sender, slot: number): boolean {
    return !this.isEmpty && this.#queues.get(clientOf(sender))?.has(slot) === true;
  }

  /**
   * Holds up a command.
   *
   * @param connection Where it was not executed; null if it was sent nowhere. Earlier commands whose
   *   replies are still to come there may be held up, too.
   */
  join(sender: Sender, slot: number, order: number, connection: Connection | null): HeldPlace {
    const client = clientOf(sender);
    const queue = this.#queueOf(client, slot);
    if (connection?.loss === null && clientsOn(connection).has(client)) {
      queue.hold(answered(connection));
    }
    return queue.join(order);
  }

  /**
   * A slot has moved.
   *
   * @param connections Those to its old node. Clients that wait for replies there may have commands
   *   for the slot among them, which are redirected later.
   */
  moved(slot: number, connections: Iterable<Connection>): void {
    for (const connection of connections) {
      const clients = clientsOn(connection);
      if (clients.size === 0) continue;
      const gate = answered(connection);
      for (const client of clients) this.#queueOf(client, slot).hold(gate);
    }
  }

  #queueOf(client: Sender, slot: number): SlotQueue {
    let slots = this.#queues.get(client);
    if (slots === undefined) this.#queues.set(client, slots = new Map());
    const known = slots.get(slot);
    if (known !== undefined) return known;
    const queue = new SlotQueue(() => {
      slots.delete(slot);
      if (slots.size === 0) this.#queues.delete(client);
    });
    slots.set(slot, queue);
    queue.hold(Promise.resolve());
    return queue;
  }
}

/** The clients that wait for replies over a connection. */
function clientsOn({ waiting }: Connection): Set<Sender> {
  const clients = new Set<Sender>();
  for (const one of waiting) if (one instanceof Passing) clients.add(clientOf(one.sender));
  return clients;
}

function clientOf(sender: Sender): Sender {
  return sender.self ?? sender;
}
