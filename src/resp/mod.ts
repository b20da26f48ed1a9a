/**
 * RESP as a protocol of this server: from the bytes of a request to its command, with a short cut
 * for plain GETs. `route` decides who answers a command.
 *
 * @module
 */
import type { Lookup } from "../core/types.ts";
import type { Peer } from "../server/peer.ts";
import type { ClientRequest, Protocol } from "../server/protocol.ts";
import type { Input } from "../server/input.ts";
import type { Seen } from "../server/observer.ts";
import { beginBatch, collectBatch } from "./batch.ts";
import { refuseEarly } from "./commands/table.ts";
import { RespParser } from "./parse/parser.ts";
import type { Arguments } from "./parse/arguments.ts";
import { NO_GET, takeGet } from "./parse/plain_get.ts";
import { SharedRequest } from "./passed.ts";
import { PrivateRequest } from "./private_client.ts";
import { streamedOf } from "./pass.ts";
import { route } from "./route.ts";
import { countCommand } from "./commands/counting.ts";
import { seenOf, showGet } from "./observed.ts";
import type { RequestSource } from "./private_sending.ts";
import { collectTransaction } from "./transaction.ts";
import { logSample } from "./parse/log_sample.ts";
import { encode, error } from "./replies.ts";
import { FixedReply, SilentRequest } from "./requests/fixed.ts";
import { PlainGet } from "./requests/get.ts";
import type { RespContext } from "./context.ts";
import { Session } from "./session.ts";

export { whyForbidden } from "./commands/refusals.ts";
export { allowsHere } from "./commands/table.ts";
export type { Freshness } from "./freshness.ts";
export { RESP_LIMITS, type RespLimits } from "./parse/limits.ts";
export type { RespContext } from "./context.ts";

/** The size from which an incomplete request is judged before it is collected, in bytes. */
const LARGE_REQUEST_BYTES = 64 * 1024;

export class Resp implements Protocol {
  readonly #session: Session;
  /** Null between batches, so that an idle connection holds none. */
  #parser: RespParser | null = null;
  /** The reply to a request whose bytes are dropped as they arrive. */
  #refused: ClientRequest | null = null;

  /** Requests that were taken off the input together with an earlier one. */
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
        const { stats, observer } = session.context;
        stats.plainGets++;
        const request = new PlainGet(input.bytes, to - length, to, session.terms, session.nil);
        if (observer !== null) showGet(observer, request, session);
        return request;
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

  get lookup(): Lookup | undefined {
    return this.#session.context.lookup;
  }

  get isPaused(): boolean {
    return this.#parser?.isPaused ?? false;
  }

  #newParser(): RespParser {
    const session = this.#session;
    return new RespParser(session.context.limits, session.isAuthenticated, session);
  }

  #requestOf(parser: RespParser, input: Input): ClientRequest {
    const session = this.#session;
    if (parser.error !== null) return this.#fail(input, parser.error);
    const refused = this.#refused;
    this.#refused = null;
    if (refused === null) countCommand(parser.args, session);
    const seen = session.context.observer === null ? null : seenOf(parser.args, session);
    const request = refused === null
      ? route(parser.args, session)
      : session.skipsReply()
      ? new SilentRequest(refused)
      : refused;
    // This request may have logged the client in.
    parser.isTrusted = session.isAuthenticated;
    const next = this.#withNext(request, parser, input);
    if (seen !== null) session.context.observer!.saw(next, seen);
    return next;
  }

  /** Returns a request together with those behind it, if they pass to Redis in one piece. */
  #withNext(request: ClientRequest, parser: RespParser, input: Input): ClientRequest {
    if (this.#isTransaction(request)) return this.#collect(request, parser, input);
    if (!(request instanceof SharedRequest) || input.start === input.end) return request;
    const batch = beginBatch(request, parser.args, this.#session);
    if (batch === null) return request;
    const collected = collectBatch(request, batch, this.#session, parser, input);
    if (parser.error !== null) this.#ready.push(this.#fail(input, parser.error));
    return collected;
  }

  /** Whether a request begins a transaction that may pass in one piece. */
  #isTransaction(request: ClientRequest): request is PrivateRequest {
    return request instanceof PrivateRequest && request.request.name === "multi" &&
      !request.isMuted && !this.#session.lane!.isBusy;
  }

  #collect(first: PrivateRequest, parser: RespParser, input: Input): ClientRequest {
    const next = () => {
      if (!parser.next(input) || parser.error !== null) return undefined;
      countCommand(parser.args, this.#session);
      return parser.args;
    };
    this.#ready = collectTransaction(first, this.#session, next);
    // A protocol error ends the connection, after the earlier requests.
    if (parser.error !== null) this.#ready.push(this.#fail(input, parser.error));
    return this.#ready.shift()!;
  }

  /**
   * Decides about a large incomplete request: to pass it as it arrives, to collect it, or to refuse
   * it.
   */
  #judge(parser: RespParser, input: Input): ClientRequest | undefined {
    const isWellKnown = input.length >= LARGE_REQUEST_BYTES;
    const args = parser.peek(input);
    if (args.count === 0 || !(parser.hasName || isWellKnown)) return undefined;
    const { lane } = this.#session;
    if (lane !== null && parser.hasName && parser.isInInput) {
      const streamed = this.#streamed(args, parser, input);
      if (streamed !== null) return streamed;
    }
    const refused = lane === null ? refuseEarly(args) : null;
    if (refused === null) {
      if (parser.wanted > parser.limits.requestBytes) return this.#fail(input, "too big request");
      parser.setAside(input);
      return undefined;
    }
    // The reply shows the beginning of the arguments, so it needs more bytes.
    if (!isWellKnown) return undefined;
    countCommand(args, this.#session);
    this.#refused = refused;
    parser.stream();
    return this.next(input);
  }

  /** Passes a large request as it arrives, if it may pass. Its arguments are gone once that began. */
  #streamed(args: Arguments, parser: RespParser, input: Input): ClientRequest | null {
    const session = this.#session;
    const { observer } = session.context;
    let seen: Seen | null = null;
    const request = streamedOf(args, session, () => {
      countCommand(args, session);
      if (observer !== null) seen = seenOf(args, session);
      return this.#sourceOf(parser, input);
    });
    if (request !== null && seen !== null) observer!.saw(request, seen);
    return request;
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

  /** Ends the connection, because later bytes have no meaning. */
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
