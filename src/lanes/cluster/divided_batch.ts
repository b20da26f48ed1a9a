/**
 * A batch that is divided among the nodes of a cluster, and the replies to it.
 *
 * @module
 */
import type { Route } from "../../commands/route.ts";
import type { Passable } from "../passable.ts";
import type { Passed, Sender } from "../passing.ts";
import type { StreamBudget } from "../stream_budget.ts";
import { requestAlone } from "./batch.ts";
import { Gathering } from "./gathering.ts";
import type { Attempt } from "./journey.ts";

/** Takes a request to the node of its slot, and on from there. */
export type Travel = (
  request: Passable,
  slot: number,
  route: Route,
  version: 2 | 3,
  sender: Sender,
  order: number,
  first: Attempt | null,
) => PromiseLike<Passed>;

/** Where batches come from. */
export interface Home {
  readonly budget: StreamBudget;
  readonly travel: Travel;
  /** All commands of a batch are answered, or lost. */
  answered(batch: DividedBatch): void;
}

export class DividedBatch extends Gathering {
  /** Its place in the list of those that are watched, and whether it was there at the last look. */
  index = 0;
  wasSeen = false;

  constructor(
    readonly home: Home,
    readonly request: Passable,
    readonly route: Route,
    readonly version: 2 | 3,
    readonly sender: Sender,
    /** The number of its first command in the order of all. */
    readonly order: number,
  ) {
    super(request.parts!.slots.length, home.budget);
  }

  /** Returns the command at a place as a request of its own. */
  alone(place: number): Passable {
    return requestAlone(this.request, place);
  }

  /**
   * Sends the command at a place to the node of its slot, and on from there.
   *
   * @param first The first attempt, if it was made before.
   */
  sendOn(place: number, first: Attempt | null): void {
    const { home, request, route, version, sender } = this;
    const slot = request.parts!.slots[place]!;
    const [alone, order] = [this.alone(place), this.order + place];
    home.travel(alone, slot, route, version, sender, order, first).then((passed) =>
      this.put(place, passed)
    );
  }

  protected override onAnswered(): void {
    this.home.answered(this);
  }
}
