/**
 * Divides batches among the nodes of a cluster.
 *
 * @module
 */
import type { Route } from "../../commands/route.ts";
import type { Later } from "../../core/later.ts";
import type { Millis } from "../../core/types.ts";
import type { Passable } from "../passable.ts";
import type { Passed, Sender } from "../passing.ts";
import type { SharedLane } from "../shared_lane.ts";
import type { StreamBudget } from "../stream_budget.ts";
import type { BatchParts } from "./batch_parts.ts";
import { DividedBatch, type Home, type Travel } from "./divided_batch.ts";
import type { HeldUp } from "./held_up.ts";
import type { RoutedNode, Router } from "./router.ts";
import { SubBatch } from "./sub_batch.ts";

/** The interval between two looks at the batches that are not answered. */
const LOOK: Millis = 50;

/**
 * The places of the commands of a batch that go to one node at once; null for those that have to
 * wait.
 */
interface Share {
  readonly node: RoutedNode | null;
  readonly places: number[];
}

export class Batches implements Home {
  /** Those that are not answered, in no order. */
  readonly #watched: DividedBatch[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param laneTo Returns the lane to a node.
   * @param budget The memory of all long replies.
   */
  constructor(
    readonly router: Router,
    readonly heldUp: HeldUp,
    readonly laneTo: (node: RoutedNode, version: 2 | 3) => SharedLane,
    readonly travel: Travel,
    readonly budget: StreamBudget,
  ) {}

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Sends the commands of a batch, those of one node in one piece. */
  pass(request: Passable, route: Route, version: 2 | 3, sender: Sender): Later<Passed> {
    const order = this.heldUp.number(request.parts!.slots.length);
    const batch = new DividedBatch(this, request, route, version, sender, order);
    this.#watch(batch);
    for (const { node, places } of this.#shares(request.parts!, sender)) {
      if (node === null) {
        for (const place of places) batch.sendOn(place, null);
        continue;
      }
      const lane = this.laneTo(node, version);
      const part = new SubBatch(lane, node, places, batch);
      if (!part.isRead) sender.wrote?.(node.name);
      lane.begin(part);
    }
    return batch;
  }

  answered(batch: DividedBatch): void {
    const last = this.#watched.pop()!;
    if (last !== batch) {
      this.#watched[batch.index] = last;
      last.index = batch.index;
    }
    batch.sender.onDone();
  }

  /** Divides commands among their nodes. */
  #shares({ slots }: BatchParts, sender: Sender): Share[] {
    const { heldUp, router } = this;
    const shares: Share[] = [];
    for (let place = 0; place < slots.length; place++) {
      const slot = slots[place]!;
      const owner = router.nodeOf(slot);
      const node = heldUp.has(sender, slot) ? null : owner;
      let at = 0;
      while (at < shares.length && shares[at]!.node !== node) at++;
      if (at === shares.length) shares.push({ node, places: [place] });
      else shares[at]!.places.push(place);
    }
    return shares;
  }

  /** A node may be slow, or lost: the replies of others that come first must not wait for it. */
  #watch(batch: DividedBatch): void {
    batch.index = this.#watched.push(batch) - 1;
    this.#timer ??= setTimeout(() => this.#look(), LOOK);
  }

  #look(): void {
    this.#timer = undefined;
    for (const batch of this.#watched) {
      if (batch.wasSeen) batch.hurry();
      batch.wasSeen = true;
    }
    if (this.#watched.length > 0) this.#timer = setTimeout(() => this.#look(), LOOK);
  }
}
