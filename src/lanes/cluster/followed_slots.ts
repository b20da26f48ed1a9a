/**
 * Follows the slots to which commands are sent: when one has moved, commands for it wait until its
 * old node has answered those that were sent there.
 *
 * @module
 */
import { SLOTS } from "../../core/slot.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import type { HeldUp } from "./held_up.ts";
import type { Redirection, RoutedNode, Router } from "./router.ts";

export class FollowedSlots implements Router {
  /** The node of each slot when it was asked for last. */
  readonly #last: (RoutedNode | null)[] = new Array(SLOTS).fill(null);

  constructor(
    readonly router: Router,
    readonly heldUp: HeldUp,
    readonly connectionsTo: (node: RoutedNode) => Iterable<Connection>,
  ) {}

  get owners(): readonly RoutedNode[] {
    return this.router.owners;
  }

  nodeOf(slot: number): RoutedNode | null {
    const node = this.router.nodeOf(slot);
    if (node !== this.#last[slot] && node !== null) this.#moved(slot, node);
    return node;
  }

  redirection(message: string, from: RoutedNode): Redirection | null {
    return this.router.redirection(message, from);
  }

  refresh(): void {
    this.router.refresh();
  }

  #moved(slot: number, node: RoutedNode): void {
    const last = this.#last[slot]!;
    this.#last[slot] = node;
    if (last !== null) this.heldUp.moved(slot, this.connectionsTo(last));
  }
}
