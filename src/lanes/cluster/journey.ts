/**
 * The way of one request through a cluster: to the node of its slot, and to others as nodes redirect
 * it, until it is answered or too old.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure, type Millis } from "../../core/types.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import type { Passable } from "../passable.ts";
import { type Passed, Passing, type Sender, UNSENT } from "../passing.ts";
import type { SharedLane } from "../shared_lane.ts";
import { Asked } from "./asked.ts";
import type { HeldUp } from "./held_up.ts";
import type { Redirection, RoutedNode, Router } from "./router.ts";
import type { HeldPlace } from "./slot_queue.ts";

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
  /** Keeps commands in order. */
  readonly heldUp: HeldUp;
  /** Its number in the order of all commands. */
  readonly order: number;
}

/** What became of a request at a node. */
export interface Attempt {
  readonly node: RoutedNode;
  readonly connection: Connection | null;
  readonly passed: Passed;
}

/**
 * Takes a request to its node. The first attempt is sent before this returns, unless earlier commands
 * are held up.
 *
 * @param slot The slot of its keys; null for none.
 * @param given The only node that may answer; null for that of the slot, or any.
 * @param first The first attempt, if it was made before.
 */
export async function travel(
  traveller: Traveller,
  request: Passable,
  slot: number | null,
  given: RoutedNode | null,
  first: Attempt | null = null,
): Promise<Passed> {
  const { router, replies, sender } = traveller;
  const stop = new Stop(traveller, slot);
  let node = first?.node ?? given;
  let connection = first?.connection ?? null;
  let passed = first?.passed ?? null;
  let isAsk = false;
  try {
    for (let hops = 0;;) {
      if (passed === null) {
        if (stop.mustQueue) await stop.queue(null);
        node ??= slot === null ? router.owners[0] ?? null : router.nodeOf(slot);
        if (node === null) {
          if (!await stop.pause(null)) return NO_NODE;
          continue;
        }
        const lane = traveller.laneTo(node);
        const passing: Passing = isAsk
          ? lane.begin(new Asked(lane, request, replies, sender))
          : lane.begin(new Passing(lane, request, replies, sender));
        await passing.known();
        connection = passing.connection;
        passed = passing.value!;
      }
      const why: string | null = passed === UNSENT ? "" : errorIn(passed, replies);
      if (why === null) return passed;
      const redirection: Redirection | null = why === "" ? null : router.redirection(why, node!);
      if (redirection !== null) {
        if (hops++ === HOPS) return passed;
        await stop.queue(connection);
        ({ node, isAsk } = redirection);
      } else {
        // The node is lost, or cannot serve the slot now.
        if (!await stop.pause(connection)) return passed;
        [node, isAsk] = [given, false];
      }
      passed = null;
    }
  } finally {
    stop.end();
  }
}

/** Where a request waits that was not executed. Later ones for its slot wait behind it. */
class Stop {
  #place: HeldPlace | null = null;

  constructor(readonly traveller: Traveller, readonly slot: number | null) {}

  /** Whether earlier requests have to be executed first. */
  get mustQueue(): boolean {
    const { traveller: { heldUp, router, sender }, slot } = this;
    if (this.#place !== null || slot === null) return false;
    router.nodeOf(slot); // If the slot has moved, commands may be held up from now on.
    return heldUp.has(sender, slot);
  }

  /**
   * Joins the requests that wait at once, and waits for the earlier ones. Returns whether there were
   * any.
   *
   * @param connection Where it was not executed; null if it was sent nowhere.
   */
  async queue(connection: Connection | null): Promise<boolean> {
    if (this.#place !== null || this.slot === null) return false;
    const { heldUp, sender, order } = this.traveller;
    this.#place = heldUp.join(sender, this.slot, order, connection);
    await this.#place.turn;
    return this.#place.isBehind;
  }

  /** Waits before another attempt; false when it is too late for one. */
  async pause(connection: Connection | null): Promise<boolean> {
    const { router, deadline } = this.traveller;
    if (performance.now() + PAUSE > deadline) return false;
    router.refresh();
    if (!await this.queue(connection)) await new Promise((next) => setTimeout(next, PAUSE));
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
