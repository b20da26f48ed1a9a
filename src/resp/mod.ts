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
import { refuseEarly } from "./commands/table.ts";
import { RespParser } from "./parse/parser.ts";
import { NO_GET, takeGet } from "./parse/plain_get.ts";
import { PrivateRequest } from "./private_client.ts";
import { route, streamedOf } from "./route.ts";
import type { RequestSource } from "./streamed_request.ts";
import { collectTransaction } from "./transaction.ts";
import { logSample } from "./parse/log_sample.ts";
import { encode, error } from "./replies.ts";
import { FixedReply, SilentRequest } from "./requests/fixed.ts";
import { PlainGet } from "./requests/get.ts";
import { type RespContext, Session } from "./session.ts";

export type { Freshness } from "./freshness.ts";
export { RESP_LIMITS, type RespLimits } from "./parse/limits.ts";
export type { RespContext } from "./session.ts";

/** Length from which an incomplete request is collected only if it may be served, in bytes. */
const LARGE_REQUEST_BYTES = 64 * 1024;

export class Resp implements Protocol {
  readonly #session: Session;
  /** Null between batches, so that an idle connection holds none. */
  #parser: RespParser | null = null;
  /** The reply to a request that is thrown away as it comes. */
  #refused: ClientRequest | null = null;

  /** Requests that were taken off the input together with one before them. */
  #ready: ClientRequest[] = [];

  constructor(context: RespContext, peer: Peer) {
    this.#session = new Session(context, peer);
  }

  next(input: Input): ClientRequest | undefined {
    const session = this.#session;
    if (this.#ready.length > 0) return this.#ready.shift();
    if ((this.#parser === null || this.#parser.isAtStart) && session.isPlain) {
      const length = takeGet(input);
      const to = input.start - 2;
      if (length !== NO_GET) {
        return new PlainGet(input.bytes, to - length, to, session.terms, session.nil);
      }
      if (this.#parser === null && input.start === input.end) return undefined;
    }
    const parser = this.#parser ??= this.#newParser();
    if (parser.next(input)) return this.#requestOf(parser, input);
    const isLarge = input.length >= LARGE_REQUEST_BYTES ||
      parser.wanted > parser.limits.requestBytes;
    if (isLarge && parser.isCollecting) return this.#judge(parser, input);
    if (parser.isAtStart && !parser.isPaused) this.#parser = null;
    return undefined;
  }

  end(): void {
    this.#session.end();
  }

  get isPaused(): boolean {
    return this.#parser?.isPaused ?? false;
  }

  #newParser(): RespParser {
    const { context: { limits }, isAuthenticated } = this.#session;
    return new RespParser(limits, isAuthenticated);
  }

  #requestOf(parser: RespParser, input: Input): ClientRequest {
    const session = this.#session;
    if (parser.error !== null) return this.#fail(input, parser.error);
    const refused = this.#refused;
    this.#refused = null;
    const request = refused === null
      ? route(parser.args, session)
      : session.skipsReply()
      ? new SilentRequest(refused)
      : refused;
    // The next request of the batch may come from a client that has authenticated by then.
    parser.isTrusted = session.isAuthenticated;
    return this.#isTransaction(request) ? this.#collect(request, parser, input) : request;
  }

  /** Whether a request begins a transaction that may travel in one piece. */
  #isTransaction(request: ClientRequest): request is PrivateRequest {
    return request instanceof PrivateRequest && request.request.name === "multi" &&
      !request.isMuted && !this.#session.lane!.isBusy;
  }

  #collect(first: PrivateRequest, parser: RespParser, input: Input): ClientRequest {
    const next = () => parser.next(input) && parser.error === null ? parser.args : undefined;
    this.#ready = collectTransaction(first, this.#session, next);
    // A protocol error ends the connection, behind what came before it.
    if (parser.error !== null) this.#ready.push(this.#fail(input, parser.error));
    return this.#ready.shift()!;
  }

  /** Decides about a large request that is incomplete: only one that may be served is collected. */
  #judge(parser: RespParser, input: Input): ClientRequest | undefined {
    const isWellKnown = input.length >= LARGE_REQUEST_BYTES;
    const args = parser.peek(input);
    if (args.count === 0 || !(parser.hasName || isWellKnown)) return undefined;
    const { lane } = this.#session;
    if (lane !== null && parser.hasName) {
      const streamed = streamedOf(args, this.#session, () => this.#sourceOf(parser, input));
      if (streamed !== null) return streamed;
    }
    const refused = lane === null ? refuseEarly(args) : null;
    if (refused === null) {
      if (parser.wanted > parser.limits.requestBytes) return this.#fail(input, "too big request");
      parser.setAside(input);
      return undefined;
    }
    // More bytes: the reply shows the beginning of the arguments.
    if (!isWellKnown) return undefined;
    this.#refused = refused;
    parser.stream();
    return this.next(input);
  }

  /** The rest of a large request, from its first byte on. */
  #sourceOf(parser: RespParser, input: Input): RequestSource {
    let isComplete = false;
    parser.stream();
    return {
      piece: () => {
        const { start } = input;
        isComplete = parser.next(input);
        return input.bytes.subarray(start, input.start);
      },
      get isComplete() {
        return isComplete;
      },
    };
  }

  /** Ends the conversation: nothing that follows can be understood. */
  #fail(input: Input, why: string): ClientRequest {
    const { context, peer } = this.#session;
    context.log.info("Protocol error", {
      peer: peer.remote,
      why,
      sample: logSample(input.bytes.subarray(input.start, input.end)),
    });
    const request = new FixedReply(encode(error(`ERR Protocol error: ${why}`)), true);
    return this.#session.skipsReply() ? new SilentRequest(request) : request;
  }
}
