/**
 * A large request, which passes to Redis as it arrives and is never in memory as a whole.
 *
 * @module
 */
import type { ClientLane } from "../lanes/client_lane.ts";
import type { Passable } from "../lanes/passable.ts";
import { type ClientEnd, type ClientRequest, TAKE_OVER } from "../server/protocol.ts";
import { PrivateClient } from "./private_client.ts";

/** Gives the bytes of the request that have come, piece by piece. */
export interface RequestSource {
  /** The next piece; its memory is reused. Empty if more bytes must arrive first. */
  piece(): Uint8Array;
  /** Whether the last piece was the end. */
  readonly isComplete: boolean;
}

export class StreamedRequest implements ClientRequest {
  readonly last = false;
  readonly way = "private";

  /** @param request The known parts of the request; its bytes come from the source. */
  constructor(
    readonly lane: ClientLane,
    readonly request: Passable,
    readonly source: RequestSource,
    readonly isMuted: boolean,
  ) {}

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  async takeOver(client: ClientEnd): Promise<ClientRequest | undefined> {
    return await new PrivateClient(this.lane, client).serve(this);
  }
}
