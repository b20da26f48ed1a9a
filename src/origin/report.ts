/**
 * The log lines about the connection to Redis: their level, and how often they appear.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";
import type { Loss } from "./loss.ts";
import type { Declined } from "./refusal.ts";
import type { Upstream, UpstreamOptions } from "./upstream.ts";

/** A lasting state is logged again after this time. */
const REMINDER: Millis = 60_000;

/** The probable cause before the first connection: the configuration. */
const FIRST_ADVICE =
  "Check --redis-url, or --redis-host and --redis-port, and that Redis runs there";

export class LinkReport {
  #hasConnected = false;
  /** The messages since the last connection, and their times. */
  readonly #said = new Map<string, Millis>();
  /** The last remark on the current connection, by kind. */
  readonly #remarks = new Map<string, string>();

  /** @param redis The address for the log. It may change. */
  constructor(
    readonly log: Log,
    public redis: string,
    readonly clock: () => Millis = () => performance.now(),
  ) {}

  /** Reports that there is no connection. A message appears at first, and again after a time. */
  lost({ reason, message, advice = "" }: Loss): void {
    const now = this.clock();
    if (now - (this.#said.get(message) ?? -Infinity) < REMINDER) return;
    this.#said.set(message, now);
    const { redis } = this;
    if (reason === "refused") {
      const event = "Redis refuses this proxy: no key is read until that is put right";
      this.log.error(event, { redis, why: message, ...(advice === "" ? {} : { advice }) });
    } else if (this.#hasConnected || reason === "unready") {
      this.log.warn("No connection to Redis", { redis, why: message });
    } else {
      this.log.error("No connection to Redis", { redis, why: message, advice: FIRST_ADVICE });
    }
  }

  /**
   * New connections are used.
   *
   * @param broken Why they have no tracking, if it failed.
   */
  took(
    { tracking, refusal, declined, isPasswordWanted }: Upstream,
    broken: string | null,
    wanted: UpstreamOptions["mode"],
  ): void {
    const untold = wanted === "off" ? "off" : "untracked";
    this.connected(tracking === null ? untold : "tracked", tracking?.mode ?? null);
    const why = broken ?? refusal?.message;
    if (why !== undefined) this.untold(why, wanted === "auto" && broken === null);
    this.declined(declined.filter((one) => one !== refusal));
    this.password(isPasswordWanted);
  }

  /**
   * There is a connection.
   *
   * @param tracking How Redis announces changes; null if it does not.
   */
  connected(coherence: string, tracking: string | null): void {
    this.#hasConnected = true;
    this.#said.clear();
    const told = tracking === null ? {} : { tracking };
    this.log.info("Connected to Redis", { redis: this.redis, coherence, ...told });
    if (coherence === "tracked") this.#remarks.delete("untold");
  }

  /** Reports that Redis does not announce changes. */
  untold(why: string, mayKeep: boolean): void {
    const effect = mayKeep ? "values stay until their time is up" : "nothing is kept";
    if (!this.#isNew("untold", effect + why)) return;
    this.log.warn(`Redis announces no changes: ${effect}`, { why });
  }

  /** Reports the optional steps that Redis refused. */
  declined(declined: readonly Declined[]): void {
    const steps = [...new Set(declined.map(({ step }) => step))].join(", ");
    if (!this.#isNew("declined", steps) || steps === "") return;
    const event = "Redis refuses some optional steps";
    this.log.info(event, { steps, why: declined[0]!.message });
  }

  /** Reports that Redis wants no password although one is set. */
  password(isWanted: boolean): void {
    if (!this.#isNew("password", String(isWanted)) || isWanted) return;
    this.log.warn("Redis wants no password: the given one is not used");
  }

  /** Redis is a node of a cluster, and the settings name it alone. */
  loneNode(): void {
    if (!this.#isNew("node", "lone")) return;
    const advice = "Use --redis-cluster auto, or name it as redis+cluster://... in --redis-url";
    this.log.warn("This Redis is one node of a cluster: other nodes' keys get MOVED", { advice });
  }

  /** Whether a remark differs from the last one of its kind. */
  #isNew(kind: string, text: string): boolean {
    if (this.#remarks.get(kind) === text) return false;
    this.#remarks.set(kind, text);
    return true;
  }
}
