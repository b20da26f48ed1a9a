/**
 * The way of one request through a cluster: to the node of its slot, and to others as nodes redirect
 * it, until it is answered or too old.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Later } from "../../core/later.ts";
import { Failure, type Millis } from "../../core/types.ts";
import type { Passable } from "../passable.ts";
import { type Passed, type Sender, UNSENT } from "../passing.ts";
import type { SharedLane } from "../shared_lane.ts";
import { Asked } from "./asked.ts";
import type { HeldPlace, HeldUp } from "./held_up.ts";
import type { Redirection, RoutedNode, Router } from "./router.ts";

/** How often a request may be redirected. */
const HOPS = 5;

/** Pause before a request that a node cannot serve yet is sent again. */
const PAUSE: Millis = 20;

/** There is no node to send a request to. In Redis's own words. */
export const NO_NODE = new Failure("unready", "CLUSTERDOWN Hash slot not served");

const MINUS = 0x2d;

/** What the parts of a request have in common. */
export interface Traveller {
  readonly router: Router;
  /** The shared lane to a node. */
  laneTo(node: RoutedNode): SharedLane;
  readonly sender: Sender;
  /** The number of replies. */
  readonly replies: number;
  /** Until when the request may be sent on. */
  readonly deadline: Millis;
  /** The commands that no node can serve now. */
  readonly heldUp: HeldUp;
}

/**
 * Takes a request to its node. The first attempt is sent before this returns.
 *
 * @param slot The slot of its keys; null for none.
 * @param given The only node that may answer; null for that of the slot, or any.
 */
export async function travel(
  traveller: Traveller,
  request: Passable,
  slot: number | null,
  given: RoutedNode | null,
): Promise<Passed> {
  const { router, replies, sender, heldUp } = traveller;
  const stop = new Stop(traveller, slot);
  let node = given;
  let isAsk = false;
  try {
    for (let hops = 0;;) {
      if (slot !== null && heldUp.has(sender, slot)) await stop.queue();
      node ??= slot === null ? router.owners[0] ?? null : router.nodeOf(slot);
      if (node === null) {
        if (!await stop.pause()) return NO_NODE;
        continue;
      }
      const lane = traveller.laneTo(node);
      const passing: Later<Passed> = isAsk
        ? lane.begin(new Asked(lane, request, replies, sender))
        : lane.pass(request, replies, sender);
      await passing.known();
      const passed: Passed = passing.value!;
      const why: string | null = passed === UNSENT ? "" : errorIn(passed, replies);
      if (why === null) return passed;
      const redirection: Redirection | null = why === "" ? null : router.redirection(why, node);
      if (redirection !== null) {
        if (hops++ === HOPS) return passed;
        ({ node, isAsk } = redirection);
        continue;
      }
      // The node is lost, or cannot serve the slot now.
      if (!await stop.pause()) return passed;
      [node, isAsk] = [given, false];
    }
  } finally {
    stop.end();
  }
}

/** Where a request waits that no node can serve now. Later ones for its slot wait behind it. */
class Stop {
  #place: HeldPlace | null = null;

  constructor(readonly traveller: Traveller, readonly slot: number | null) {}

  /** Waits for the earlier requests. */
  async queue(): Promise<void> {
    if (this.#place !== null || this.slot === null) return;
    const { heldUp, sender } = this.traveller;
    this.#place = heldUp.join(sender, this.slot);
    await this.#place.before;
  }

  /** Waits before another attempt; false when it is too late for one. */
  async pause(): Promise<boolean> {
    const { router, deadline } = this.traveller;
    if (performance.now() + PAUSE > deadline) return false;
    router.refresh();
    await this.queue();
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    return true;
  }

  end(): void {
    this.#place?.leave();
  }
}

/** Whether a request has to be sent on, or again. */
export function isMoving(passed: Passed): boolean {
  return passed === UNSENT || errorIn(passed, 1) !== null;
}

/** Errors that send a request on, or that pass by themselves. */
const MOVING = /^-((?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) [^\r]*)\r\n/m;

/** The error by which a node sends a request on; null for a reply that goes to the client. */
function errorIn(passed: Passed, replies: number): string | null {
  if (!(passed instanceof Uint8Array)) return null;
  if (replies === 1) {
    return passed[0] === MINUS ? MOVING.exec(latin1(passed))?.[1] ?? null : null;
  }
  // A transaction was discarded if any of its commands was not queued.
  const text = latin1(passed);
  return /\r\n-EXECABORT [^\r]*\r\n$/.test(text) ? MOVING.exec(text)?.[1] ?? null : null;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
