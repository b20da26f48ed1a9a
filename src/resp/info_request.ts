/**
 * INFO: what Redis says of itself, with the proxy's own sections behind it. Both protocols can tell
 * them apart, and clients that read a field of Redis find it where it was.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ReplyStream } from "../core/reply_stream.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import type { Passable } from "../lanes/passable.ts";
import type { Passed } from "../lanes/shared_lane.ts";
import { passedBy } from "./passed.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";

const TEXT = /^(?:\$\d+\r\n|=\d+\r\ntxt:)([^]*)\r\n$/;

/** Adds the proxy's sections to Redis's reply, and answers alone if Redis gives none. */
export class InfoRequest implements ClientRequest {
  readonly last = false;
  readonly way = "shared";

  /**
   * @param own The proxy's sections that were asked for.
   * @param alone What is answered while Redis is away.
   * @param encode Makes the reply of the text.
   */
  constructor(
    readonly lane: ClientLane,
    readonly request: Passable,
    readonly own: () => string,
    readonly alone: () => string,
    readonly encode: (text: string) => Uint8Array,
  ) {}

  async read(): Promise<Passed> {
    const passed = await passedBy(this.lane.pass(this.request, "shared"));
    if (passed instanceof ReplyStream) return passed;
    // Some servers have no INFO, and some end the connection at it.
    const isReply = passed instanceof Uint8Array;
    const text = isReply ? TEXT.exec(Buffer.from(passed).toString("latin1"))?.[1] : undefined;
    return this.encode(text === undefined ? this.alone() : joined(text, this.own()));
  }

  reply(output: Output, passed: Uint8Array): void {
    output.bytes(passed);
  }
}

function joined(first: string, second: string): string {
  if (first === "" || second === "") return first + second;
  return `${first.trimEnd()}\r\n\r\n${second}`;
}
