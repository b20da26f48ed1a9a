/**
 * What the sentinels say of the master, and what follows from it. Pure: answers and times in,
 * decisions out. So a test can try every order of answers.
 *
 * The rules:
 * - newest: of two masters, the one with the greater configuration epoch is the right one. A sentinel
 *   that was cut off names an old master with an old epoch.
 * - majority: a master is taken over only if more than half of all sentinels name it.
 * - one is enough to leave: as soon as one sentinel newly names another master with an epoch at least
 *   as great, the present one is left.
 * - witness: the present master is confirmed since the time at which a majority was asked that named
 *   it.
 * - silence: if the others stay silent for a lease, a minority may say where the master is. It
 *   confirms nothing. In strict mode no minority may, and a master without a majority is left.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";

/** A place that sentinels name. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What a sentinel answered. */
export interface Answer {
  readonly place: Place;
  /** The configuration epoch of its answer: it grows with each failover. */
  readonly epoch: number;
}

/** The last answer of a sentinel, and when it was asked. */
interface Said extends Answer {
  readonly sentAt: Millis;
}

/** How long an answer may still be the newest: the other sentinels learn of it within 2 seconds. */
const NEWEST: Millis = 3000;

export class Witnesses {
  /** The present master; null while there is none. */
  master: Answer | null = null;
  readonly #said: (Said | null)[];
  /** Since when no majority has named a master. */
  #unsureSince: Millis;

  /**
   * @param count The number of sentinels.
   * @param lease How long an answer counts.
   * @param isStrict Whether there is no master without a majority.
   */
  constructor(
    readonly count: number,
    readonly lease: Millis,
    now: Millis,
    readonly isStrict = false,
  ) {
    this.#said = new Array(count).fill(null);
    this.#unsureSince = now;
  }

  /** The number of sentinels that make a majority. */
  get majority(): number {
    return Math.floor(this.count / 2) + 1;
  }

  /** When the sentinels were asked that confirm the present master; -Infinity without a majority. */
  get witnessedAt(): Millis {
    const { master } = this;
    return master === null ? -Infinity : this.#askedAt(master);
  }

  /** The number of sentinels whose answer from within the lease names the present master. */
  agreeing(now: Millis): number {
    const { master } = this;
    if (master === null) return 0;
    return this.#recent(now).filter((said) => isSame(said, master)).length;
  }

  /** The masters that recent answers name, each with its epoch and the sentinels that name it. */
  claims(now: Millis): (Answer & { readonly sentinels: readonly number[] })[] {
    const claims: (Answer & { sentinels: number[] })[] = [];
    this.#said.forEach((said, sentinel) => {
      if (said === null || now - said.sentAt > this.lease) return;
      const claim = claims.find((one) => isSame(one, said) && one.epoch === said.epoch);
      if (claim !== undefined) claim.sentinels.push(sentinel);
      else claims.push({ place: said.place, epoch: said.epoch, sentinels: [sentinel] });
    });
    return claims;
  }

  /**
   * Notes what a sentinel answered.
   *
   * @param answer null if it knows no master, or cannot be reached.
   * @returns Whether the present master is another one than before, or none.
   */
  note(sentinel: number, answer: Answer | null, sentAt: Millis, now: Millis): boolean {
    const before = this.#said[sentinel]!;
    if (answer === null) return this.#choose(now);
    this.#said[sentinel] = { ...answer, sentAt };
    const { master } = this;
    const isNews = before === null || !isSame(before, answer) || before.epoch !== answer.epoch;
    const isLeft = master !== null && isNews && !isSame(answer, master) &&
      answer.epoch >= master.epoch;
    if (isLeft) this.master = null;
    return this.#choose(now) || isLeft;
  }

  /** Time has passed. Returns whether the present master is another one than before. */
  tick(now: Millis): boolean {
    const isChosen = this.#choose(now);
    if (!this.isStrict || this.master === null || now - this.witnessedAt <= this.lease) {
      return isChosen;
    }
    this.master = null;
    return true;
  }

  /** Takes the newest master over if a majority names it. */
  #choose(now: Millis): boolean {
    const newest = this.#newest(now);
    if (newest === null) return false;
    const { master } = this;
    const recent = this.#recent(now);
    const naming = recent.filter((said) => isSame(said, newest) && said.epoch === newest.epoch);
    const isSure = naming.length >= this.majority;
    if (isSure) this.#unsureSince = Infinity;
    else if (this.#unsureSince === Infinity) this.#unsureSince = now;
    const isAlone = !this.isStrict && naming.length > 0 && naming.length === recent.length &&
      now - this.#unsureSince > this.lease;
    if (!isSure && !(isAlone && master === null)) return false;
    this.master = { place: newest.place, epoch: newest.epoch };
    return master === null || !isSame(master, newest);
  }

  /** The answer with the greatest epoch; of several, the one that most sentinels give. */
  #newest(now: Millis): Said | null {
    // An answer outlives its sentinel for a while.
    const recent = this.#recent(now, Math.max(NEWEST, this.lease));
    const epoch = Math.max(...recent.map((said) => said.epoch));
    const newest = recent.filter((said) => said.epoch === epoch);
    const votes = (one: Said) => newest.filter((said) => isSame(said, one)).length;
    return newest.reduce<Said | null>(
      (best, one) => best === null || votes(one) > votes(best) ? one : best,
      null,
    );
  }

  /** The latest time since which a majority was asked that named a master. */
  #askedAt(master: Answer): Millis {
    const times = this.#said.filter((said) => said !== null && isSame(said, master))
      .map((said) => said!.sentAt).sort((one, other) => other - one);
    return times[this.majority - 1] ?? -Infinity;
  }

  #recent(now: Millis, limit = this.lease): Said[] {
    return this.#said.filter((said): said is Said => said !== null && now - said.sentAt <= limit);
  }
}

function isSame({ place: one }: Answer, { place: other }: Answer): boolean {
  return one.host === other.host && one.port === other.port;
}
