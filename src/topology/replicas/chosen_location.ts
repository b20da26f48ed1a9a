/**
 * Where the chosen server is: a replica, or the master.
 *
 * @module
 */
import type { OriginAddress } from "../../origin/address.ts";
import type { Location } from "../../origin/location.ts";
import { type Choice, NEAREST_IS_MASTER } from "./choice.ts";
import type { Chooser } from "./chooser.ts";
import { nameOf } from "./roles.ts";

export class ChosenLocation implements Location {
  /** A choice that was made in advance. */
  #next: Choice | null = null;
  /** The addresses that are those of replicas. */
  readonly #replicas = new WeakSet<OriginAddress>();

  constructor(readonly chooser: Chooser, readonly master: Location) {}

  get name(): string {
    return this.master.name;
  }

  isReplica(address: OriginAddress): boolean {
    return this.#replicas.has(address);
  }

  /** Returns the server to connect to. If the last choice was a replica, it did not work. */
  async find(): Promise<OriginAddress> {
    const { chooser } = this;
    if ("replica" in chooser.choice) chooser.failed(nameOf(chooser.choice.replica.address));
    this.forget("the replica did not work");
    const choice = this.#next ?? await chooser.choose(null);
    this.#next = null;
    chooser.choice = choice;
    if (!("replica" in choice)) return await this.master.find();
    this.#replicas.add(choice.replica.address);
    return choice.replica.address;
  }

  /** The last choice has not failed, but counts no more. */
  forget(why: string): void {
    this.chooser.choice = { why };
  }

  /** Resolves to whether another server is better. Then `find` returns it. */
  async reconsider(present: string | null, isPresent: () => boolean): Promise<boolean> {
    const { chooser } = this;
    const choice = await chooser.choose(present);
    if (!isPresent()) return false;
    const name = "replica" in choice ? nameOf(choice.replica.address) : null;
    if (name === present) {
      if (name === null) chooser.choice = choice;
      chooser.report(present);
      return false;
    }
    if ("why" in choice && choice.why !== NEAREST_IS_MASTER) return false;
    this.forget("another server is better");
    this.#next = choice;
    return true;
  }
}
