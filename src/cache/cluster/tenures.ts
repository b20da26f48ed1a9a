/**
 * Which entries of a cluster may be served. Pure: events and times in, decisions out.
 *
 * A tenure is the time in which one connection to a node serves one slot. An entry carries the
 * number of the tenure in which it was read. When the slot moves, or the connection is lost, the
 * tenure ends, and with it all of its entries, in one step.
 *
 * The rules for a hit:
 * - tenure: the tenure of the entry has not ended
 * - proof: the node has answered a probe, asked within the lease, which also proves that all earlier
 *   invalidations have come, and that the node serves keys
 * - view: the node itself has said within the lease that it owns the slot, or the entry was read
 *   within the lease
 * - absence: a missing key is served for a lease at most. While a slot moves, the key may be born at
 *   the other node, which no invalidation tells.
 * - replica: while a replica of the node is read, it has been proven within the lease to have all
 *   changes of the node, and to have announced them. When it is left, the tenures begin anew.
 * - witness: a tenure begins only when another node has named this one as a master. After a silence
 *   in which the node may have been replaced, its entries wait for another node to name it again.
 * - rest: after a time in which the node was not asked for its slots, its tenures begin anew, and
 *   need a witness again. A slot may have left it meanwhile and come back, with values that nobody
 *   announced, and the node may have been replaced.
 *
 * @module
 */
import { SLOTS } from "../../core/slot.ts";
import type { Millis } from "../../core/types.ts";
import type { Side } from "../../origin/follower.ts";
import type { Marks } from "../entry.ts";

/** One lifetime of the connection to a node. */
export class Life {
  isWitnessed = false;
  /** When the node was asked last of what it has answered. */
  readonly answeredAt: Record<Side, Millis> = { data: -Infinity, invalidation: -Infinity };
  viewedAt: Millis = -Infinity;
  /** Up to when a replica that is read has announced all changes; Infinity if none is read. */
  caughtUpAt: Millis = Infinity;
  /** The oldest of these proofs. */
  provenAt: Millis = -Infinity;
  /** Whether nobody needs its proofs. */
  isResting = false;
  /** What the node said last that it owns, and how many changes of tenures there were then. */
  seen: Uint8Array | null = null;
  seenAfter = -1;

  /** @param node The address of the node, as it may be shown. */
  constructor(readonly node: string) {}

  /** Notes that one of the proofs has changed. Each hit looks at the oldest of them. */
  judge(): void {
    this.provenAt = Math.min(this.answeredAt.data, this.answeredAt.invalidation, this.caughtUpAt);
  }
}

export class Tenures {
  /** The number of the tenure of each slot; 0 for none. */
  readonly #current = new Int32Array(SLOTS);
  /** Its connection. */
  readonly #holders: (Life | null)[] = new Array(SLOTS).fill(null);
  /** The connection of each tenure. */
  protected readonly lives = new Map<number, Life>();
  /** Until when past tenures were known to be right. */
  readonly #past = new Map<number, { readonly end: Millis; readonly endedAt: Millis }>();
  #last = 0;
  /** How often tenures have begun or ended. */
  #changes = 0;

  /** @param memory How long to remember past tenures, for stale answers. */
  constructor(readonly lease: Millis, readonly memory: Millis = 0) {}

  /** The number of the tenure that is beginning or has ended last. */
  get last(): number {
    return this.#last;
  }

  /** The tenure of a slot; 0 for none. */
  of(slot: number): number {
    return this.#current[slot]!;
  }

  /** The connection of a tenure; undefined when it has ended. */
  lifeOf(tenure: number): Life | undefined {
    return this.lives.get(tenure);
  }

  /** Whether an entry may be served. */
  holds({ epoch, validFrom }: Marks, now: Millis): boolean {
    const life = this.lives.get(epoch);
    return life !== undefined && this.isProven(life, now) && this.isTrusted(life) &&
      (this.isViewed(life, now) || now - validFrom <= this.lease);
  }

  /** Until when an absence may be served that was read at `sentAt`. */
  absenceEnd(sentAt: Millis): Millis {
    return sentAt + this.lease;
  }

  /** The latest time at which the entries of a tenure were known to be right. */
  endOf(tenure: number): Millis {
    const life = this.lives.get(tenure);
    return life === undefined ? this.#past.get(tenure)?.end ?? -Infinity : knownUntil(life);
  }

  /** Another node names the node of this connection as a master. */
  witnessed(life: Life): void {
    life.isWitnessed = true;
    life.seenAfter = -1; // Its next view is judged, although it may say the same.
  }

  /** The node was silent for so long that it may have been replaced, and not know it yet. */
  unwitnessed(life: Life): void {
    life.isWitnessed = false;
  }

  answered(life: Life, side: Side, sentAt: Millis): void {
    life.answeredAt[side] = Math.max(life.answeredAt[side], sentAt);
    life.judge();
  }

  /** The node has said which slots it owns: tenures of others end, and new ones begin. */
  viewed(life: Life, owned: Uint8Array, sentAt: Millis, now: Millis): void {
    if (life.seen !== owned || life.seenAfter !== this.#changes) this.#judge(life, owned, now);
    life.viewedAt = Math.max(life.viewedAt, sentAt);
  }

  #judge(life: Life, owned: Uint8Array, now: Millis): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const isHeld = this.#holders[slot] === life;
      if (owned[slot] === 0) {
        if (isHeld) this.end(slot, now);
      } else if (!isHeld && this.isTrusted(life)) {
        this.end(slot, now);
        this.#begin(slot, life);
      }
    }
    life.seen = owned;
    life.seenAfter = this.#changes;
  }

  /** A slot has left its node, or its keys are gone. */
  end(slot: number, now: Millis): void {
    const tenure = this.#current[slot]!;
    const life = this.#holders[slot];
    if (!life) return;
    this.#changes++;
    this.#current[slot] = 0;
    this.#holders[slot] = null;
    this.lives.delete(tenure);
    if (this.memory > 0) this.#remember(tenure, life, now);
  }

  /** Ends all tenures of a connection. */
  endAll(life: Life, now: Millis): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#holders[slot] === life) this.end(slot, now);
    }
  }

  /** All keys of a node are gone: its tenures begin anew. */
  restart(life: Life, now: Millis): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#holders[slot] !== life) continue;
      this.end(slot, now);
      this.#begin(slot, life);
    }
  }

  /** Nobody needs the proofs of a connection: its node is not asked for its slots any more. */
  rested(life: Life): void {
    life.isResting = true;
  }

  /** A connection is needed again. Entries that were read over it before are dropped. */
  woke(life: Life, now: Millis): void {
    life.isResting = life.isWitnessed = false;
    this.restart(life, now);
  }

  /** A replica that is read has announced all changes of its node from before `provenAt`. */
  caughtUp(life: Life, provenAt: Millis): void {
    const { caughtUpAt } = life;
    life.caughtUpAt = caughtUpAt === Infinity ? provenAt : Math.max(caughtUpAt, provenAt);
    life.judge();
  }

  /** The replica was left. Nobody announces changes of the values that were read from it. */
  leftReplica(life: Life, now: Millis): void {
    if (life.caughtUpAt === Infinity) return;
    life.caughtUpAt = Infinity;
    life.judge();
    this.restart(life, now);
  }

  /** Time has passed that the clock did not count: no earlier proof counts. */
  doubt(life: Life): void {
    life.answeredAt.data = life.answeredAt.invalidation = life.viewedAt = -Infinity;
    if (life.caughtUpAt !== Infinity) life.caughtUpAt = -Infinity;
    life.judge();
  }

  protected isTrusted({ isWitnessed }: Life): boolean {
    return isWitnessed;
  }

  protected isProven({ provenAt }: Life, now: Millis): boolean {
    return now - provenAt <= this.lease;
  }

  protected isViewed({ viewedAt }: Life, now: Millis): boolean {
    return now - viewedAt <= this.lease;
  }

  #begin(slot: number, life: Life): void {
    this.#changes++;
    this.#current[slot] = ++this.#last;
    this.#holders[slot] = life;
    this.lives.set(this.#last, life);
  }

  #remember(tenure: number, life: Life, endedAt: Millis): void {
    this.#past.set(tenure, { end: knownUntil(life), endedAt });
    for (const [old, past] of this.#past) {
      if (endedAt - past.endedAt <= this.memory) break;
      this.#past.delete(old);
    }
  }
}

/** Until when all that was read over a connection was known to be right. */
function knownUntil({ provenAt, viewedAt }: Life): Millis {
  return Math.min(provenAt, viewedAt);
}
