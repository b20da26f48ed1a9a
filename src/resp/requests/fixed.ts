/**
 * Requests that look up no key: their replies are known once they are parsed.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ClientRequest } from "../../server/protocol.ts";
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

  read(): undefined {}

  reply(): void {}
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
