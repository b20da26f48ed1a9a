/**
 * RESP as a protocol of this server: from the bytes of a request to its command, with the way of a
 * GET cut short. Reads of string values are served; what concerns the connection is answered here;
 * all else is refused in words, and the connection lives on.
 *
 * @module
 */
import type { Peer } from "../peer.ts";
import type { ClientRequest, Protocol } from "../protocol.ts";
import type { Input } from "../input.ts";
import { dispatch, isServed } from "./commands/table.ts";
import { refuseCommand } from "./commands/refusals.ts";
import { freshened } from "./freshness.ts";
import { RespParser } from "./parser.ts";
import { NO_GET, takeGet } from "./plain_get.ts";
import { encode, error } from "./replies.ts";
import { Fixed, Muted, PLAIN_GET } from "./requests.ts";
import { printable } from "./sample.ts";
import { type RespContext, Session } from "./session.ts";

export { RESP_LIMITS, type RespLimits } from "./limits.ts";
export type { Facts } from "./info.ts";
export type { RespContext } from "./session.ts";

/** Bytes of an incomplete request from which on it is asked whether it will be served at all. */
const LARGE_BYTES = 64 * 1024;

export class Resp implements Protocol {
  readonly #parser: RespParser;
  readonly #session: Session;
  /** The answer to the request whose rest is being thrown away. */
  #refusal: ClientRequest | null = null;

  constructor(context: RespContext, peer: Peer) {
    this.#session = new Session(context, peer);
    this.#parser = new RespParser(context.limits, this.#session.isAuthenticated);
  }

  next(input: Input): ClientRequest | undefined {
    const parser = this.#parser;
    if (this.#session.isPlain && parser.isAtStart) {
      const length = takeGet(input);
      const to = input.start - 2;
      if (length !== NO_GET) {
        return PLAIN_GET[this.#session.version].at(input.bytes, to - length, to);
      }
    }
    if (!parser.next(input)) {
      const isLarge = input.length >= LARGE_BYTES ||
        parser.wanted > this.#session.context.limits.requestBytes;
      return isLarge ? this.#judge(input) : undefined;
    }
    return this.#other(input);
  }

  /**
   * Looks at a request that is large and still incomplete: one that is not served is not collected
   * either, and one that is has its limit.
   */
  #judge(input: Input): ClientRequest | undefined {
    const parser = this.#parser;
    const count = parser.peek();
    if (count === 0) return undefined;
    if (isServed(parser.string(0))) {
      const isTooBig = parser.wanted > this.#session.context.limits.requestBytes;
      return isTooBig ? this.#fail(input, "too big request") : undefined;
    }
    if (input.length < LARGE_BYTES) return undefined;
    this.#refusal = refuseCommand({ count, string: (index) => parser.string(index) });
    parser.discard();
    return this.next(input);
  }

  #other(input: Input): ClientRequest {
    const parser = this.#parser;
    const session = this.#session;
    if (parser.error !== null) return this.#fail(input, parser.error);
    const request = this.#refusal ?? freshened(dispatch(parser, session), session.freshness);
    this.#refusal = null;
    parser.isTrusted = session.isAuthenticated;
    return session.skipsReply() ? new Muted(request) : request;
  }

  /** Nothing that follows can be understood: the client is told, and sent away. */
  #fail(input: Input, why: string): ClientRequest {
    const { context, peer } = this.#session;
    context.log.info("Protocol error", {
      peer: peer.remote,
      why,
      sample: printable(input.bytes.subarray(input.start, input.end)),
    });
    const request = new Fixed(encode(error(`ERR Protocol error: ${why}`)), true);
    return this.#session.skipsReply() ? new Muted(request) : request;
  }
}
