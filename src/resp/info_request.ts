/**
 * INFO over the shared lane: that of Redis, or only that of the proxy if Redis gives none.
 *
 * @module
 */
import { HANG_UP } from "../core/reply_stream.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import type { Passable } from "../lanes/passable.ts";
import type { Passed } from "../lanes/shared_lane.ts";
import { passedBy } from "./passed.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";

export class InfoRequest implements ClientRequest {
  readonly last = false;
  readonly way = "shared";

  /** @param alone Makes the reply of the proxy if Redis is away or has no INFO. */
  constructor(
    readonly lane: ClientLane,
    readonly request: Passable,
    readonly alone: () => Uint8Array,
  ) {}

  async read(): Promise<Passed> {
    const passed = await passedBy(this.lane.pass(this.request, "shared"));
    // It is answered all the same, so what follows may go on.
    if (passed === HANG_UP) this.lane.isCut = false;
    return passed instanceof Uint8Array && isText(passed) ? passed : this.alone();
  }

  reply(output: Output, passed: Uint8Array): void {
    output.bytes(passed);
  }
}

function isText(reply: Uint8Array): boolean {
  return "$=".includes(String.fromCharCode(reply[0]!));
}
