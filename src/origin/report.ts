/**
 * What the log says of the connection to Redis: at which level, and how often.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";
import type { Loss } from "./loss.ts";
import type { Declined } from "./refusal.ts";

/** What lasts is said again after this time: the first line may have been overlooked. */
const REMINDER: Millis = 60_000;

/** What is wrong before the first connection: most likely the configuration. */
const FIRST_ADVICE =
  "Check --redis-url, or --redis-host and --redis-port, and that Redis runs there";

export class LinkReport {
  #hasConnected = false;
  /** What was said since the last connection, and when. */
  readonly #said = new Map<string, Millis>();
  /** What was said last of the connection that there is, by kind. */
  readonly #remarks = new Map<string, string>();

  /** @param redis The address, as it may be shown. */
  constructor(
    readonly log: Log,
    readonly redis: string,
    readonly clock: () => Millis = () => performance.now(),
  ) {}

  /** There is no connection. What is said for the first time, or after a while again, is logged. */
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
   * There is a connection.
   *
   * @param tracking How Redis tells of changes; null where it does not.
   */
  connected(coherence: string, tracking: string | null): void {
    this.#hasConnected = true;
    this.#said.clear();
    const told = tracking === null ? {} : { tracking };
    this.log.info("Connected to Redis", { redis: this.redis, coherence, ...told });
    if (coherence === "tracked") this.#remarks.delete("untold");
  }

  /** Redis does not tell of changes. */
  untold(why: string, mayKeep: boolean): void {
    const effect = mayKeep ? "values stay until their time is up" : "nothing is kept";
    if (!this.#isNew("untold", effect + why)) return;
    this.log.warn(`Redis does not tell of changes: ${effect}`, { why });
  }

  /** What Redis refused that the proxy can do without. */
  declined(declined: readonly Declined[]): void {
    const steps = [...new Set(declined.map(({ step }) => step))].join(", ");
    if (!this.#isNew("declined", steps) || steps === "") return;
    const event = "Redis refuses some steps that the proxy can do without";
    this.log.info(event, { steps, why: declined[0]!.message });
  }

  /** Whether Redis wants the password that was given. */
  password(isWanted: boolean): void {
    if (!this.#isNew("password", String(isWanted)) || isWanted) return;
    this.log.warn("Redis wants no password: the given one is not used");
  }

  /** Whether a remark on the connection is another one than last time. */
  #isNew(kind: string, text: string): boolean {
    if (this.#remarks.get(kind) === text) return false;
    this.#remarks.set(kind, text);
    return true;
  }
}
