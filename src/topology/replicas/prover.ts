/**
 * Proves again and again that a replica has all changes of its master up to a recent moment.
 *
 * @module
 */
import { NextRun } from "../../core/next_run.ts";
import type { Millis } from "../../core/types.ts";
import { Silence } from "../../origin/handshake.ts";
import type { Link } from "../../origin/link.ts";
import type { Upstream } from "../../origin/upstream.ts";
import { within } from "../../origin/within.ts";
import type { Ahead } from "./ahead.ts";
import type { Fence } from "./fence.ts";
import { masterRole, type ReplicaRole, replicaRole, streamOf } from "./roles.ts";

/** How long to wait for a replica that lags, and for how long at first before it is asked again. */
const WAIT: Millis = 100;
const PAUSE: Millis = 1;
const LONGEST_PAUSE: Millis = 16;

/** How long after a read at the master to ask whether the replica has caught up. */
const HURRY: Millis = 5;

export interface ProverParts {
  /** The link to the server that is read. */
  readonly link: Link;
  /** The link to the master. */
  readonly master: Link;
  readonly fence: Fence;
  readonly ahead: Ahead;
  /** Whether the first link leads to a replica now. */
  isAtReplica(): boolean;
  /** All changes from before the last proof are announced. */
  proven(): void;
  /** The replica is to be given up. */
  leave(why: string, reason: "away" | "timeout"): void;
  /** The master is silent. */
  masterIsSilent(why: string): void;
}

export class Prover {
  /** All announcements of changes from before this moment have come. */
  toldAt: Millis = -Infinity;
  /** What the replica calls its master, once both have named the same stream; null before. */
  #kin: string | null = null;
  readonly #proofs = new NextRun(() => this.#proveNow());
  #hurrying: ReturnType<typeof setTimeout> | undefined;

  /** @param limit How long a server may take to answer. */
  constructor(readonly parts: ProverParts, readonly limit: Millis) {}

  /** Either server may be another one: nothing is proven of how they go together. */
  reset(): void {
    this.parts.fence.reset();
    this.#kin = null;
  }

  close(): void {
    clearTimeout(this.#hurrying);
  }

  /**
   * Resolves to true once all earlier changes of the master are known, or to false if that fails. All
   * callers before the next questions share them.
   */
  prove(): Promise<boolean> {
    return this.#proofs.ask();
  }

  /** Proves soon: reads of some keys go to the master only until then. */
  hurry(): void {
    this.#hurrying ??= setTimeout(() => {
      this.#hurrying = undefined;
      this.prove();
    }, HURRY);
  }

  /** Checks that the replica follows the stream of this master. */
  async checkKin(): Promise<void> {
    const { link, master, fence } = this.parts;
    const [near, far] = [link.upstream, master.upstream];
    if (near === null || far === null) return;
    const ask = ({ data }: Upstream, ...words: string[]) => within(data.call(...words), this.limit);
    const answers = await Promise.all([
      ask(near, "ROLE"),
      ask(near, "INFO", "replication"),
      ask(far, "INFO", "replication"),
    ]).catch(() => null);
    if (answers === null || link.upstream !== near || master.upstream !== far) return;
    const [role, own, theirs] = answers;
    const isKin = streamOf(own) !== null && streamOf(own) === streamOf(theirs);
    const kin = isKin ? replicaRole(role)?.master ?? null : null;
    if (kin !== this.#kin) fence.reset();
    this.#kin = kin;
  }

  async #proveNow(): Promise<boolean> {
    const { link, master, fence, ahead, isAtReplica, proven } = this.parts;
    const [near, far] = [link.upstream, master.upstream];
    if (!isAtReplica()) return await link.fence();
    const kin = this.#kin;
    if (near === null || far === null || kin === null) return false;
    const isPresent = () => this.#kin === kin && link.upstream === near;
    const askedAt = performance.now();
    const offset = await this.#offsetOf(far);
    if (offset === null || !isPresent()) return false;
    fence.asked(offset, askedAt);
    for (let pause = PAUSE;; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const applied = await this.#appliedBy(near);
      if (applied?.master !== kin || !isPresent()) return false;
      fence.applied(applied.offset);
      if (fence.provenAt >= askedAt || performance.now() - askedAt > WAIT) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    const { provenAt } = fence;
    ahead.reached(provenAt);
    // What the replica has applied, it has announced before it answers this.
    if (!await link.fence() || !isPresent()) return false;
    this.toldAt = Math.max(this.toldAt, provenAt);
    proven();
    return provenAt >= askedAt;
  }

  async #offsetOf(far: Upstream): Promise<number | null> {
    const { master } = this.parts;
    const { received } = far.data;
    try {
      return masterRole(await within(far.data.call("ROLE"), this.limit))?.offset ?? null;
    } catch (error) {
      const isSilent = error instanceof Silence && far.data.received === received;
      if (isSilent && master.upstream === far) this.parts.masterIsSilent(error.message);
      return null;
    }
  }

  /** How much of the stream the replica has applied. A silent one, or one with another role, is left. */
  async #appliedBy(near: Upstream): Promise<ReplicaRole | null> {
    const { link, leave } = this.parts;
    const { received } = near.data;
    try {
      const role = await within(near.data.call("ROLE"), this.limit);
      const isOther = Array.isArray(role) && role[0] !== "slave";
      if (isOther && link.upstream === near) leave("is no replica any more", "away");
      return replicaRole(role);
    } catch (error) {
      const isSilent = error instanceof Silence && near.data.received === received;
      if (isSilent && link.upstream === near) leave("is silent", "timeout");
      return null;
    }
  }
}
