/**
 * HTTP as a protocol of this server: bytes to requests. `GET /key` reads a key.
 * Source: RFC 9112.
 *
 * @module
 */
import type { StatusCode } from "@std/http/status";
import type { Input } from "../server/input.ts";
import type { Output } from "../server/output.ts";
import type { Peer } from "../server/peer.ts";
import type { ClientRequest, Protocol } from "../server/protocol.ts";
import type { HttpContext } from "./context.ts";
import { RETRY_LINES } from "./failure_status.ts";
import { type Fields, interpretFields } from "./fields.ts";
import type { KeylessRequest } from "./keyless_request.ts";
import { HttpParser } from "./parser.ts";
import { Refusal } from "./refusal.ts";
import { isHeadRequest } from "./request_line.ts";

import { refuse, route } from "./route.ts";

export { HttpContext } from "./context.ts";
export type { HttpOptions } from "./options.ts";

export class Http implements Protocol {
  readonly #parser: HttpParser<Fields>;
  #isDraining = false;

  constructor(readonly context: HttpContext, readonly peer: Peer) {
    const { options } = context;
    this.#parser = new HttpParser(
      (fields, isHttp11) => interpretFields(fields, isHttp11, options),
      options.credentials,
    );
  }

  next(input: Input): ClientRequest | undefined {
    const head = this.#parser.next(input);
    if (head === undefined) return undefined;
    const request = head instanceof Refusal
      ? this.#last(head.status, head.reason, input)
      : route(head, this.context, this.#isDraining);
    const { observer, replies } = this.context;
    if (observer !== null) {
      const { method: command, key } = head instanceof Refusal
        ? { method: "malformed", key: null }
        : head.line;
      const status = () => replies.lastStatus;
      observer.saw(request, { protocol: "http", peer: this.peer, command, key, status });
    }
    return request;
  }

  /** The last reply must announce the end of the connection (RFC 9112 section 9.6). */
  drain(): void {
    this.#isDraining = true;
  }

  /** RFC 9110 section 15.5.9. */
  expire(output: Output, input: Input): void {
    this.#last(408, "The request took too long to arrive", input).reply(output);
  }

  /** RFC 9110 section 15.6.4. */
  turnAway(output: Output, input: Input): void {
    this.#last(503, "Too many clients are connected", input, RETRY_LINES).reply(output);
  }

  /** Refuses the request at the start of the input, complete or not, and ends the connection. */
  #last(status: StatusCode, why: string, input: Input, lines = ""): KeylessRequest {
    const mode = { isHead: isHeadRequest(input), last: true, lines: "", accept: null };
    return refuse(status, why, this.context, mode, lines);
  }
}
