/**
 * RESP requests that pass to Redis over a shared lane.
 *
 * @module
 */
import { Later } from "../core/later.ts";
import { HANG_UP, ReplyStream } from "../core/reply_stream.ts";
import { Failure } from "../core/types.ts";
import type { Route } from "../commands/route.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import type { Passable } from "../lanes/passable.ts";
import type { Passed } from "../lanes/passing.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { writeFailure } from "./requests/answers.ts";

/** A command over a shared lane. */
export class SharedRequest implements ClientRequest {
  readonly last = false;

  constructor(
    readonly lane: ClientLane,
    readonly request: Passable,
    readonly way: Route,
    /** The number of replies to expect. */
    readonly replies = 1,
  ) {}

  read(): Later<Passed> {
    return this.lane.pass(this.request, this.way, this.replies);
  }

  reply(output: Output, passed: Uint8Array | Failure): void {
    if (!(passed instanceof Failure)) return output.bytes(passed);
    for (let index = 0; index < this.replies; index++) writeFailure(output, passed);
  }
}

/** The same, without its reply. */
export class MutedRequest implements ClientRequest {
  constructor(
    readonly request: ClientRequest & {
      readonly way: Route;
      read(): Later<Passed> | Promise<Passed>;
    },
  ) {}

  get last(): boolean {
    return this.request.last;
  }

  get way(): Route {
    return this.request.way;
  }

  async read(): Promise<Passed | null> {
    const passed = await this.request.read();
    if (passed instanceof ReplyStream) passed.cut();
    return passed === HANG_UP ? passed : null;
  }

  reply(): void {}
}
