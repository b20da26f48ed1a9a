/**
 * The changes that the commands of a private lane make, and when the cache learns of them: before
 * the reply to a command passes; for the commands of a transaction, before the reply to EXEC.
 *
 * @module
 */
import { NOTHING_WRITTEN, type Written } from "../commands/keys.ts";
import { type ChangeLog, joined, settle } from "./changes.ts";
import type { ConnectionState } from "./connection_state.ts";
import type { Passable } from "./passable.ts";
import { QueuedCommands } from "./queued_commands.ts";

export class PrivateChanges {
  /** The queued commands of the transaction. */
  readonly queued = new QueuedCommands();
  /** The changes since replies can no longer be matched to requests. */
  #unsettled: Written = NOTHING_WRITTEN;
  /** Bytes received when the last fence of a causal client began. */
  #fencedAt = -1;

  constructor(
    readonly cache: ChangeLog,
    readonly state: ConnectionState,
    readonly client: { readonly isCausal: boolean },
    readonly connection: { readonly received: number },
  ) {}

  /** Adds changes whose reply nobody can tell. */
  add(written: Written): void {
    this.#unsettled = joined([this.#unsettled, written]);
  }

  /** Tells the cache what may have changed by now. The next frame waits for the promise. */
  settleAll(): void | Promise<void> {
    return this.#settle(this.#unsettled);
  }

  /** Tells the cache what an answered command has changed. Its reply waits for the promise. */
  answered(request: Passable, wasInTransaction: boolean, isFailed: boolean): void | Promise<void> {
    return this.#settle(this.#changesOf(request, wasInTransaction, isFailed));
  }

  /** Tells the cache what commands may have changed whose connection is lost. */
  lost(unanswered: Written): void | Promise<void> {
    const { written } = this.queued;
    this.queued.clear();
    return settle(joined([this.#unsettled, written, unanswered]), this.cache);
  }

  /** Returns what a command has changed, now that it is answered: queued ones count at EXEC. */
  #changesOf(request: Passable, wasInTransaction: boolean, isFailed: boolean): Written {
    const isExec = request.name === "exec";
    if (!wasInTransaction) return isExec ? NOTHING_WRITTEN : request.written;
    if (this.state.isInTransaction) {
      if (isFailed) this.queued.refused(request);
      else this.queued.add(request);
      return NOTHING_WRITTEN;
    }
    const { written } = this.queued;
    this.queued.clear();
    return isExec ? written : NOTHING_WRITTEN;
  }

  /**
   * One fence is enough for all frames of one read, because it begins after all of them arrived.
   */
  #settle(written: Written): void | Promise<void> {
    const { received } = this.connection;
    const isCausal = this.client.isCausal && this.#fencedAt !== received;
    if (isCausal) this.#fencedAt = received;
    return settle(written, this.cache, isCausal);
  }
}
