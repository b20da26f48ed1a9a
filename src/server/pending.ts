/**
 * The requests of one client that wait for the origin, and their replies in order.
 *
 * @module
 */
import type { Output } from "./output.ts";
import type { ClientRequest } from "./protocol.ts";
import type { Phase } from "./protocol.ts";

/** A request that waits for its outcome. */
export interface Pending {
  readonly request: ClientRequest;
  readonly found: unknown;
}

/** The connection, as seen from here. */
export interface Replying {
  phase: Phase;
  readonly isClosed: boolean;
  /** Writes what is in the output. */
  flush(): Promise<void>;
}

/** A request that was replied to. */
const DONE: Pending = { request: { last: false, read() {}, reply() {} }, found: undefined };

/** Waits for the outcomes of the pending requests, and replies in order; none is pending then. */
export async function settle(pending: Pending[], output: Output, to: Replying): Promise<void> {
  for (let index = 0; index < pending.length; index++) {
    if (output.length > 0 && pending[index]!.found instanceof Promise) {
      await to.flush();
      if (to.isClosed) break;
    }
    to.phase = "answering";
    await reply(pending[index]!, output);
    pending[index] = DONE;
    if (output.full) await to.flush();
  }
  pending.length = 0;
}

/** On its own: who waits for a write, which may never end, must not hold what was found. */
async function reply({ request, found }: Pending, output: Output): Promise<void> {
  request.reply(output, await found);
}
