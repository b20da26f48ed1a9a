/**
 * INFO of Redis and the proxy, or only of the proxy if Redis does not answer in time. Monitoring
 * needs it most while Redis does not answer.
 *
 * @module
 */
import type { ClientLane } from "../lanes/client_lane.ts";
import type { Passable } from "../lanes/passable.ts";
import type { Passed } from "../lanes/passing.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";

export class InfoRequest implements ClientRequest {
  readonly last = false;
  readonly way = "control";

  /** @param alone Makes the reply of the proxy if Redis is away, is silent or has no INFO. */
  constructor(
    readonly lane: ClientLane,
    readonly request: Passable,
    readonly alone: () => Uint8Array,
  ) {}

  async read(): Promise<Passed> {
    const passing = this.lane.ask(this.request);
    const late = Promise.withResolvers<void>();
    const limit = setTimeout(late.resolve, this.lane.lanes.options.timeout);
    await Promise.race([passing.known(), late.promise]);
    clearTimeout(limit);
    passing.isAbandoned = !passing.isKnown;
    const passed = passing.value;
    return passed instanceof Uint8Array && isText(passed) ? passed : this.alone();
  }

  reply(output: Output, passed: Uint8Array): void {
    output.bytes(passed);
  }
}

function isText(reply: Uint8Array): boolean {
  return "$=".includes(String.fromCharCode(reply[0]!));
}
