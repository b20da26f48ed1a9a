/**
 * Chooses the server to read from again and again: remembers which replicas failed, and says where
 * reads go.
 *
 * @module
 */
import type { Log } from "../../core/log.ts";
import type { Millis } from "../../core/types.ts";
import type { Link } from "../../origin/link.ts";
import { type Choice, type ChoiceOptions, choose, NEAREST_IS_MASTER } from "./choice.ts";

/** A replica that failed is not used again for so many leases. */
const REST = 3;

/** The choice is made again after so many sixths of the lease; by distance more rarely. */
const RECHOICE = 6;
const REMEASURE = 120;

export class Chooser {
  /** The choice that counts. */
  choice: Choice = { why: "not chosen yet" };
  /** Until when replicas that failed are not used. */
  readonly #rests = new Map<string, Millis>();
  #beats = 0;
  #said = "";

  /** @param fields What the log says with each choice. */
  constructor(
    readonly options: ChoiceOptions,
    readonly master: Link,
    readonly lease: Millis,
    readonly log: Log,
    readonly fields: Readonly<Record<string, string>> = {},
  ) {}

  /** A replica has failed: it is not used for a while. */
  failed(name: string): void {
    this.#rests.set(name, performance.now() + REST * this.lease);
  }

  /** Whether the choice is to be made again. Called six times per lease. */
  isDue(place: "replica" | "master"): boolean {
    this.#beats++;
    const isChosen = place === "replica" ||
      ("why" in this.choice && this.choice.why === NEAREST_IS_MASTER);
    if (isChosen && this.options.readFrom !== "nearest") return false;
    return this.#beats % (isChosen ? REMEASURE : RECHOICE) === 0;
  }

  /** @param present The name of the replica that is used now; null for the master or none. */
  choose(present: string | null): Promise<Choice> {
    const now = performance.now();
    for (const [name, until] of this.#rests) if (until < now) this.#rests.delete(name);
    return choose(this.options, this.master, present, (name) => !this.#rests.has(name));
  }

  /** Logs where reads go, if that has changed. */
  report(replica: string | null): void {
    const why = "why" in this.choice ? this.choice.why : "";
    const said = replica ?? why;
    if (this.#said === said) return;
    this.#said = said;
    const fields = { "read-from": this.options.readFrom, ...this.fields };
    const { log } = this;
    if (replica !== null) log.info("Reads go to a replica", { ...fields, redis: replica });
    else if (why === NEAREST_IS_MASTER) log.info("Reads go to the master", { ...fields, why });
    else log.warn("Reads go to the master: there is no replica to use", { ...fields, why });
  }
}
