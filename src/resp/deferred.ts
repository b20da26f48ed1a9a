/**
 * Requests that get their route later: what it depends on is not known yet, such as the server's
 * commands or the replies to earlier requests.
 *
 * @module
 */
import { type ClientRequest, TAKE_OVER } from "../server/protocol.ts";

export class Deferred implements ClientRequest {
  readonly last = false;

  /**
   * @param way `answered` if all earlier requests must be answered first, even on the private lane.
   * @param routed Makes the request that this one becomes. Never rejects.
   */
  constructor(
    readonly way: "answered" | "unrouted",
    readonly routed: () => ClientRequest | Promise<ClientRequest>,
  ) {}

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  async takeOver(): Promise<ClientRequest> {
    return await this.routed();
  }
}
