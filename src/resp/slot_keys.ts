/**
 * CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT for a Redis that has no slots.
 *
 * @module
 */
import { Failure } from "../core/types.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import { keysInSlot } from "../lanes/slot_keys.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { array, bulk, encode, integer } from "./replies.ts";
import { writeFailure } from "./requests/answers.ts";

export class SlotKeysRequest implements ClientRequest {
  readonly last = false;
  readonly way = "control";

  /** @param most The most keys to return; null to count all. */
  constructor(readonly lane: ClientLane, readonly slot: number, readonly most: number | null) {}

  async read(): Promise<Uint8Array | Failure> {
    const { lane, slot, most } = this;
    const keys = await keysInSlot(lane, slot, most ?? Infinity);
    if (keys instanceof Failure) return keys;
    return encode(most === null ? integer(keys.length) : array(keys.map(bulk)));
  }

  reply(output: Output, answer: Uint8Array | Failure): void {
    if (answer instanceof Failure) writeFailure(output, answer);
    else output.bytes(answer);
  }
}
