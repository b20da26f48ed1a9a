/**
 * Requests that look up no key: their replies are known once they are parsed.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ClientEnd, type ClientRequest, TAKE_OVER } from "../../server/protocol.ts";
import { Output } from "../../server/output.ts";
import { encode, error, writeBulk } from "../replies.ts";

/** A request with an encoded reply. */
export class FixedReply implements ClientRequest {
  constructor(readonly bytes: Uint8Array, readonly last = false) {}

  read(): undefined {}

  reply(output: Output): void {
    output.bytes(this.bytes);
  }
}

/** A request whose reply is a bulk string with these bytes. */
export class BulkReply implements ClientRequest {
  constructor(readonly value: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(): undefined {}

  reply(output: Output): void {
    writeBulk(output, this.value);
  }
}

/** A request whose reply the client does not want (CLIENT REPLY). */
export class SilentRequest implements ClientRequest {
  readonly last: boolean;

  constructor(request: ClientRequest) {
    this.last = request.last;
  }

  read(): Promise<never> | undefined {
    return undefined;
  }

  reply(): void {}
}

/** The same, if it takes effect after some time, as a login does. */
export class SilentHandover extends SilentRequest {
  constructor(readonly request: ClientRequest) {
    super(request);
  }

  override read(): Promise<never> {
    return TAKE_OVER;
  }

  async takeOver(client: ClientEnd): Promise<ClientRequest | undefined> {
    const next = await this.request.takeOver!(client);
    return next && silent(next);
  }
}

/** Returns a request with the same effect and without a reply. */
export function silent(request: ClientRequest): ClientRequest {
  return request.takeOver === undefined ? new SilentRequest(request) : new SilentHandover(request);
}

/** A request whose reply is this text of code units 0 to 255. */
export function textReply(reply: string): ClientRequest {
  return new FixedReply(encode(reply));
}

/** A request that is refused; `message` starts with the error's code. */
export function refuse(message: string): ClientRequest {
  return textReply(error(message));
}

/** The reply of a request that is answered here, as text of code units 0 to 255. */
export function textOf(request: ClientRequest): string {
  const output = new Output();
  request.reply(output, undefined);
  return Buffer.from(output.drain()).toString("latin1");
}
