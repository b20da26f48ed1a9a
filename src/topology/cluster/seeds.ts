/**
 * The nodes that the settings name: asked for the cluster until it is known, and again when no node
 * is connected any more.
 *
 * @module
 */
import type { Log } from "../../core/log.ts";
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import { type Loss, lossOf } from "../../origin/loss.ts";
import type { Members } from "./members.ts";
import { slotsAt } from "./slots_at.ts";
import { nameOf, type Place, sharesOf } from "./slots_reply.ts";

/** Pause before the seeds are asked again. */
const PAUSE: Millis = 200;

/** What lasts is said again after this time. */
const REMINDER: Millis = 60_000;

export class Seeds {
  /** Called when all have been asked. */
  onAsked: () => void = () => {};
  /** Why the last one did not tell. */
  loss: Loss = { reason: "away", message: "not connected yet" };
  readonly #said = new Map<string, Millis>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(
    readonly options: {
      readonly seeds: readonly Place[];
      readonly origin: OriginAddress;
      readonly timeout: Millis;
    },
    readonly members: Members,
    readonly log: Log,
  ) {}

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { all } = this.members;
    if (all.every(({ link }) => link.upstream === null)) {
      await this.#ask([...this.options.seeds, ...all.map(({ address }) => address)]);
      this.onAsked();
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => this.#look(), PAUSE);
  }

  /** Asks one after the other, until one tells. */
  async #ask(places: readonly Place[]): Promise<void> {
    const { origin, timeout } = this.options;
    for (const { host, port } of places) {
      if (this.#isStopped) return;
      try {
        const ranges = await slotsAt({ ...origin, host, port }, timeout);
        return this.#isStopped ? undefined : this.members.learn(sharesOf(ranges));
      } catch (error) {
        this.#failed(nameOf({ host, port }), lossOf(error));
      }
    }
  }

  #failed(node: string, loss: Loss): void {
    this.loss = { ...loss, message: `${node}: ${loss.message}` };
    const now = performance.now();
    if (now - (this.#said.get(node) ?? -Infinity) < REMINDER) return;
    this.#said.set(node, now);
    const { message, advice = "Check --redis-url" } = loss;
    this.log.warn("Cannot ask a node for the cluster", { node, why: message, advice });
  }
}
