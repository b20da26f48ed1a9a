/**
 * Remembers which server is read and which replicas failed, and chooses again.
 *
 * @module
 */
import type { Log } from "../../core/log.ts";
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { Link } from "../../origin/link.ts";
import type { Location } from "../../origin/location.ts";
import { type Choice, type ChoiceOptions, choose, NEAREST_IS_MASTER } from "./choice.ts";
import { nameOf } from "./roles.ts";

export interface ChooserOptions extends ChoiceOptions {
  readonly master: Location;
}

/** A replica that failed is not used again for so many leases. */
const REST = 3;

/** The choice is made again after so many sixths of the lease; by distance more rarely. */
const RECHOICE = 6;
const REMEASURE = 120;

export class Chooser implements Location {
  #choice: Choice = { why: "not chosen yet" };
  /** A choice that was made in advance. */
  #next: Choice | null = null;
  /** The addresses that are those of replicas. */
  readonly #replicas = new WeakSet<OriginAddress>();
  /** Until when replicas that failed are not used. */
  readonly #rests = new Map<string, Millis>();
  #beats = 0;
  #said = "";

  constructor(
    readonly options: ChooserOptions,
    readonly master: Link,
    readonly lease: Millis,
    readonly log: Log,
  ) {}

  get name(): string {
    return this.options.master.name;
  }

  isReplica(address: OriginAddress): boolean {
    return this.#replicas.has(address);
  }

  /** Returns the server to connect to. If the last choice was a replica, it did not work. */
  async find(): Promise<OriginAddress> {
    if ("replica" in this.#choice) {
      const until = performance.now() + REST * this.lease;
      this.#rests.set(nameOf(this.#choice.replica.address), until);
    }
    this.forget("the replica did not work");
    const choice = this.#next ?? await this.#choose(null);
    this.#next = null;
    this.#choice = choice;
    if (!("replica" in choice)) return await this.options.master.find();
    this.#replicas.add(choice.replica.address);
    return choice.replica.address;
  }

  /** The last choice has not failed, but counts no more. */
  forget(why: string): void {
    this.#choice = { why };
  }

  /** Whether the choice is to be made again. Called six times per lease. */
  isDue(place: "replica" | "master"): boolean {
    this.#beats++;
    const isChosen = place === "replica" ||
      ("why" in this.#choice && this.#choice.why === NEAREST_IS_MASTER);
    if (isChosen && this.options.readFrom !== "nearest") return false;
    return this.#beats % (isChosen ? REMEASURE : RECHOICE) === 0;
  }

  /** Resolves to whether another server is better. Then `find` returns it. */
  async reconsider(present: string | null, isPresent: () => boolean): Promise<boolean> {
    const choice = await this.#choose(present);
    if (!isPresent()) return false;
    const name = "replica" in choice ? nameOf(choice.replica.address) : null;
    if (name === present) {
      if (name === null) this.#choice = choice;
      this.report(present);
      return false;
    }
    if ("why" in choice && choice.why !== NEAREST_IS_MASTER) return false;
    this.forget("another server is better");
    this.#next = choice;
    return true;
  }

  /** Logs where reads go, if that has changed. */
  report(replica: string | null): void {
    const why = "why" in this.#choice ? this.#choice.why : "";
    const said = replica ?? why;
    if (this.#said === said) return;
    this.#said = said;
    const fields = { "read-from": this.options.readFrom };
    const { log } = this;
    if (replica !== null) log.info("Reads go to a replica", { ...fields, redis: replica });
    else if (why === NEAREST_IS_MASTER) log.info("Reads go to the master", { ...fields, why });
    else log.warn("Reads go to the master: there is no replica to use", { ...fields, why });
  }

  #choose(present: string | null): Promise<Choice> {
    const now = performance.now();
    for (const [name, until] of this.#rests) if (until < now) this.#rests.delete(name);
    return choose(this.options, this.master, present, (name) => !this.#rests.has(name));
  }
}
