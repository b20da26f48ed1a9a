/**
 * Requests that become another request later, because their route depends on something that is not
 * known yet, such as the server's commands or the replies to earlier requests.
 *
 * @module
 */
import { type ClientRequest, TAKE_OVER } from "../server/protocol.ts";

/** A request that becomes another one once all earlier requests are answered. */
export abstract class Becoming implements ClientRequest {
  readonly last = false;
  abstract readonly way: string;

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  /** Makes the request that this one becomes. Never rejects. */
  abstract takeOver(): Promise<ClientRequest>;
}

export class Deferred extends Becoming {
  /**
   * @param way `answered` if all earlier requests must be answered first, even on the private lane.
   * @param routed Makes the request that this one becomes. Never rejects.
   */
  constructor(
    readonly way: "answered" | "unrouted",
    readonly routed: () => ClientRequest | Promise<ClientRequest>,
  ) {
    super();
  }

  async takeOver(): Promise<ClientRequest> {
    return await this.routed();
  }
}
