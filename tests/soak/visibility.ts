/**
 * Checks that each fault can be seen: in the metrics of the proxy, and in alerts of a Prometheus, if
 * there is one.
 *
 * @module
 */
import { Prometheus } from "../support/prometheus.ts";
import { adminPortOf, type RunningProxy } from "../support/proxy.ts";
import { Watch } from "./metrics.ts";
import type { Fault } from "./rig.ts";

/** What was seen during all faults of one kind. */
export interface Seen {
  times: number;
  /** How often none of its metrics changed. */
  unseen: number;
  /** How often each of its metrics changed, and each alert fired. */
  readonly metrics: Record<string, number>;
  readonly alerts: Record<string, number>;
}

/** What belongs to a fault may come so long after it, in milliseconds. */
const AFTER_MS = 2000;

/** What comes later does not belong to it. The alerts look back for four seconds. */
const QUIET_AFTER_MS = 5000;

export const QUIET = "(no fault)";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class Visibility implements AsyncDisposable {
  readonly seen: Record<string, Seen> = {};

  private constructor(
    readonly port: number,
    readonly metrics: readonly string[],
    readonly prometheus: Prometheus | null,
  ) {}

  /** @param faults All that may happen. */
  static async start(proxy: RunningProxy, faults: readonly Fault[]): Promise<Visibility> {
    const port = await adminPortOf(proxy);
    const metrics = new Set(faults.flatMap(({ shows }) => shows));
    return new Visibility(port, [...metrics], await Prometheus.start([port]));
  }

  /** Watches a fault; returns whether one of its metrics changed. */
  async watch({ name, shows }: Fault, run: () => Promise<void>): Promise<boolean> {
    return await this.#watch(name, shows, async () => {
      await run();
      await wait(AFTER_MS);
    });
  }

  /** Watches the time without a fault, until `end`. */
  async watchNothing(end: number): Promise<void> {
    await wait(Math.max(0, Math.min(QUIET_AFTER_MS - AFTER_MS, end - performance.now())));
    const left = end - performance.now();
    if (left > 0) await this.#watch(QUIET, this.metrics, () => wait(left).then(() => {}));
  }

  async #watch(
    name: string,
    metrics: readonly string[],
    run: () => Promise<void>,
  ): Promise<boolean> {
    const beganAt = performance.now();
    const watch = new Watch(this.port);
    await watch.begun;
    await run();
    const moved = await watch.end(metrics);
    const seconds = Math.ceil((performance.now() - beganAt) / 1000);
    const seen = this.seen[name] ??= { times: 0, unseen: 0, metrics: {}, alerts: {} };
    seen.times++;
    if (moved.length === 0) seen.unseen++;
    count(seen.metrics, moved);
    count(seen.alerts, await this.prometheus?.alertsWithin(seconds) ?? []);
    return moved.length > 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.prometheus?.[Symbol.asyncDispose]();
  }
}

function count(counts: Record<string, number>, names: Iterable<string>): void {
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
}
