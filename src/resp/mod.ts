/**
 * RESP as a protocol of this server: from the bytes of a request to its command, with the way of a
 * GET cut short. Reads of string values are served; what concerns the connection is answered here;
 * all else is refused in words, and the connection lives on.
 *
 * @module
 */
import type { Peer } from "../server/peer.ts";
import type { ClientRequest, Protocol } from "../server/protocol.ts";
import type { Input } from "../server/input.ts";
import { dispatch, isServed } from "./commands/table.ts";
import { refuseCommand } from "./commands/refusals.ts";
import { freshened } from "./freshness.ts";
import { RespParser } from "./parse/parser.ts";
import { NO_GET, takeGet } from "./parse/plain_get.ts";
import { encode, error } from "./replies.ts";
import { Fixed, Muted, PLAIN_GET } from "./requests.ts";
import { printable } from "./parse/sample.ts";
import { type RespContext, Session } from "./session.ts";

export { RESP_LIMITS, type RespLimits } from "./parse/limits.ts";
export type { RespContext } from "./session.ts";

/** Bytes of an incomplete request from which on it is asked whether it will be served at all. */
const LARGE_BYTES = 64 * 1024;

/** A parser that is in no request: it goes from client to client, and an idle one holds none. */
let spare: RespParser | null = null;

export class Resp implements Protocol {
  readonly #session: Session;
  /** Null between requests. */
  #parser: RespParser | null = null;
  /** The answer to the request whose rest is being thrown away. */
  #refusal: ClientRequest | null = null;

  constructor(context: RespContext, peer: Peer) {
    this.#session = new Session(context, peer);
  }

  next(input: Input): ClientRequest | undefined {
    if (this.#parser === null && this.#session.isPlain) {
      const length = takeGet(input);
      const to = input.start - 2;
      if (length !== NO_GET) {
        return PLAIN_GET[this.#session.version].at(input.bytes, to - length, to);
      }
      if (input.start === input.end) return undefined;
    }
    const parser = this.#parser ??= this.#borrow();
    if (parser.next(input)) return this.#other(input, parser);
    const isLarge = input.length >= LARGE_BYTES || parser.wanted > parser.limits.requestBytes;
    if (isLarge) return this.#judge(input, parser);
    if (parser.isAtStart) this.#giveBack(parser);
    return undefined;
  }

  #borrow(): RespParser {
    const { context: { limits }, isAuthenticated } = this.#session;
    const parser = spare?.limits === limits ? spare : new RespParser(limits);
    spare = null;
    parser.isTrusted = isAuthenticated;
    return parser;
  }

  #giveBack(parser: RespParser): void {
    spare = parser;
    this.#parser = null;
  }

  /**
   * Looks at a request that is large and still incomplete: one that is not served is not collected
   * either, and one that is has its limit.
   */
  #judge(input: Input, parser: RespParser): ClientRequest | undefined {
    const count = parser.peek();
    if (count === 0) return undefined;
    if (isServed(parser.string(0))) {
      const isTooBig = parser.wanted > parser.limits.requestBytes;
      return isTooBig ? this.#fail(input, "too big request") : undefined;
    }
    if (input.length < LARGE_BYTES) return undefined;
    this.#refusal = refuseCommand({ count, string: (index) => parser.string(index) });
    parser.discard();
    return this.next(input);
  }

  #other(input: Input, parser: RespParser): ClientRequest {
    const session = this.#session;
    if (parser.error !== null) return this.#fail(input, parser.error);
    const request = this.#refusal ?? freshened(dispatch(parser, session), session.freshness);
    this.#refusal = null;
    this.#giveBack(parser);
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
