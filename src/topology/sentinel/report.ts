/**
 * What the log says of the sentinels, and what is said to those who look for a master in vain.
 *
 * @module
 */
import type { Log } from "../../core/log.ts";
import type { Millis } from "../../core/types.ts";
import { Refused } from "../../origin/refusal.ts";
import type { Known } from "./sentinel.ts";

/** Why a sentinel has no answer: it is silent, refuses, or does not know the name of the master. */
export interface Reason {
  readonly kind: "silent" | "refused" | "unknown";
  readonly message: string;
}

/** What lasts is said again after this time. */
const REMINDER: Millis = 60_000;

/** How long sentinels may disagree, as during a failover, before the log says so. */
const DISAGREEMENT: Millis = 5000;

const PASSWORD_ADVICE = "Check --sentinel-user and RP_SENTINEL_PASSWORD";

export class SentinelReport {
  readonly #said = new Map<string, Millis>();
  #disagreeSince: Millis = Infinity;

  /**
   * @param master The name of the master.
   * @param names The sentinels' addresses.
   */
  constructor(
    readonly log: Log,
    readonly master: string,
    readonly names: readonly string[],
    readonly clock: () => Millis = () => performance.now(),
  ) {}

  /** The sentinels name a master. */
  found(place: string, agreeing: number): void {
    const said = `${agreeing} of ${this.names.length} sentinels`;
    this.log.info("Found the master", { name: this.master, redis: place, by: said });
  }

  /** A sentinel has answered. */
  answered(index: number, known: Known, { lease }: { readonly lease: Millis }): void {
    for (const kind of ["silent", "refused", "unknown"]) this.#said.delete(`${kind}${index}`);
    const listed = this.names.length;
    if (known.sentinels > listed && this.#isDue("few")) {
      const event = "There are more sentinels than --redis-url lists: list all of them";
      this.log.warn(event, { listed, known: known.sentinels });
    }
    const { downAfter } = known;
    if (downAfter !== null && downAfter < lease / 2 && this.#isDue("hasty")) {
      const event = "The sentinels may take a master for down that the proxy still trusts: " +
        "--lease is more than twice their down-after-milliseconds";
      this.log.warn(event, { "down-after": `${downAfter}ms`, lease: `${lease}ms` });
    }
  }

  /** A sentinel has no answer. */
  failed(index: number, { kind, message }: Reason, all: readonly (Reason | null)[]): void {
    if (!this.#isDue(`${kind}${index}`)) return;
    const fields = { sentinel: this.names[index]!, why: message };
    const hasOther = all.some((reason) => reason === null);
    const level = kind === "silent" && hasOther ? "warn" : "error";
    this.log[level](EVENTS[kind], { ...fields, ...this.#advice(kind, message) });
  }

  /** The sentinels name these masters. More than one for long is not a failover. */
  disagreement(claims: readonly string[]): void {
    const now = this.clock();
    if (claims.length < 2) this.#disagreeSince = Infinity;
    else if (this.#disagreeSince === Infinity) this.#disagreeSince = now;
    if (now - this.#disagreeSince < DISAGREEMENT || !this.#isDue("disagreement")) return;
    this.log.warn("The sentinels disagree", { name: this.master, answers: claims.join("; ") });
  }

  /** The error of those who look for a master while there is none. */
  missing(reasons: readonly (Reason | null)[], claims: readonly string[]): Error {
    if (claims.length > 1) return new Error(`the sentinels disagree: ${claims.join("; ")}`);
    if (claims.length === 1) {
      return new Error(`too few of ${this.names.length} sentinels name a master: ${claims[0]}`);
    }
    const [worst] = ["unknown", "refused", "silent"].flatMap((kind) => {
      const index = reasons.findIndex((reason) => reason?.kind === kind);
      return index < 0 ? [] : [{ ...reasons[index]!, name: this.names[index]! }];
    });
    if (worst === undefined) return new Error("no sentinel names a master");
    const { kind, message, name } = worst;
    if (kind === "silent") return new Error(`no sentinel answers: ${name}: ${message}`);
    const advice = this.#advice(kind, message).advice ?? "";
    return new SentinelRefused(`sentinel ${name}`, message, advice);
  }

  #advice(kind: Reason["kind"], message: string): { advice?: string } {
    if (kind === "unknown") {
      return { advice: `Check the name of the master in --redis-url: it says "${this.master}"` };
    }
    if (kind === "silent") return { advice: "Check the sentinels in --redis-url" };
    return /NOAUTH|WRONGPASS|AUTH/.test(message) ? { advice: PASSWORD_ADVICE } : {};
  }

  #isDue(what: string): boolean {
    const now = this.clock();
    if (now - (this.#said.get(what) ?? -Infinity) < REMINDER) return false;
    this.#said.set(what, now);
    return true;
  }
}

const EVENTS = {
  silent: "A sentinel does not answer",
  refused: "A sentinel refuses this proxy",
  unknown: "A sentinel does not know the master",
};

/** The sentinels refuse to say where the master is, until somebody changes something. */
class SentinelRefused extends Refused {
  readonly #advice: string;

  constructor(step: string, reply: string, advice: string) {
    super(step, reply);
    this.#advice = advice;
  }

  override get advice(): string {
    return this.#advice;
  }
}
