/**
 * Decides who answers a request: the cache, the proxy itself, or Redis over one of the lanes. The
 * rules of `route` apply from top to bottom: the first one that fits decides.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Written } from "../commands/keys.ts";
import type { CommandSpec } from "../commands/spec.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import { KillRequest } from "./client_kill.ts";
import { translate, Translated } from "./client_requests.ts";
import { Passable } from "../lanes/passable.ts";
import { type ClientRequest, TAKE_OVER } from "../server/protocol.ts";
import { Failure } from "../core/types.ts";
import { type Arguments, ownArguments, request, wordsOf } from "./parse/arguments.ts";
import { fits, tail } from "./commands/command.ts";
import {
  changesAttributes,
  deniedHere,
  dispatch,
  isCached,
  isKnownHere,
  isLocal,
  isServedHere,
  isTooLarge,
} from "./commands/table.ts";
import {
  refuseArity,
  refuseCommand,
  refuseForbidden,
  refuseUnprotected,
} from "./commands/refusals.ts";
import { infoText } from "./info.ts";
import { InfoRequest } from "./info_request.ts";
import { MutedRequest, SharedRequest } from "./passed.ts";
import { PrivateRequest } from "./private_client.ts";
import { encode, type RespVersion, verbatim } from "./replies.ts";
import { loginInPlace } from "./login.ts";
import { refuseFailure } from "./requests/answers.ts";
import { FixedReply, refuse, SilentRequest, textOf } from "./requests/fixed.ts";
import { rewriteOf } from "./rewrites.ts";
import type { RespContext, Session } from "./session.ts";
import { type RequestSource, StreamedRequest } from "./streamed_request.ts";

/** No command has such a long name, in bytes. */
const NAME_BYTES = 65;

/** Commands that may end the private lane, once all requests on it are answered. */
const ENDS_STATE = new Set(["hello", "reset"]);

/** Makes the request for these arguments in this session. */
export function route(args: Arguments, session: Session): ClientRequest {
  const { lane } = session;
  session.enlist();
  if (lane === null) return alone(args, session);
  const written = args.name();
  if (session.mayPass && session.isAuthenticated && session.repliesAll) {
    const plain = plainRequest(args, written, lane);
    if (plain !== null) return plain;
  }
  const name = written.toLowerCase();
  if (!session.isAuthenticated) return beforeLogin(args, session, lane);
  if (ENDS_STATE.has(name) && lane.isWaiting) return new WhenAnswered(args, session);
  if (name === "proxy" && lane.private?.mayBeInTransaction) {
    return refuseQueued("PROXY", session, lane);
  }
  if (name === "quit" || name === "proxy") return local(args, session);
  if (name === "reset") return reset(args, session);
  const isForwarded = lane.mustForward;
  const denied = isForwarded ? null : deniedHere(args, session.context);
  if (denied !== null) return forbidden(denied, session, lane);
  const isReply = isReplySwitch(args, name);
  if (isReply && isForwarded && lane.isWaiting) return new WhenAnswered(args, session);
  const { state } = lane.private ?? {};
  if (isReply && state?.isInTransaction && changesNext(args)) {
    return refuseQueued("CLIENT REPLY OFF and SKIP", session, lane);
  }
  // Redis queues it, or refuses it because of subscriptions.
  const isForRedis = isForwarded && session.repliesAll &&
    (state?.isInTransaction || state?.isSubscribed);
  if (isReply && !isForRedis) return local(args, session);
  const mustPass = session.mayPass && isTooLarge(args);
  if (!isForwarded && !mustPass && isCached(name) && !lane.isBusy) return local(args, session);
  const isOwn = !mustPass && isLocal(args) && !isAboutState(args, session, lane);
  if (!session.mayPass && !isOwn) {
    return unprotected(args, name, session, lane);
  }
  if (isOwn && !isForwarded) return aboutConnection(args, session, lane);
  if (!lane.lanes.table.isKnown) return new Unrouted(args, session);
  const spec = lane.lanes.table.find(args);
  if (spec === undefined && name.length === NAME_BYTES) {
    return refuseCommand(args); // No command has such a long name.
  }
  if (!lane.lanes.allows(spec, name)) return forbidden(spec?.name ?? name, session, lane);
  return passed(args, spec, session, lane);
}

/** Returns the request of a command that needs no further look, as most do; null for others. */
function plainRequest(
  args: Arguments,
  name: string,
  lane: ClientLane,
): SharedRequest | PrivateRequest | null {
  const { lanes, hasState } = lane;
  if (!hasState && !lane.mayShare) return null;
  const spec = lanes.plain(name);
  if (spec === undefined) return null;
  if (hasState) return new PrivateRequest(lane, new Passable(args.raw(), spec, args));
  if (isCached(spec.name) && !lane.isBusy) return null;
  const passable = new Passable(args.raw(), spec, args);
  const isLong = lanes.long.has(passable.bytes) && lanes.hasRoom;
  return isLong ? new PrivateRequest(lane, passable) : new SharedRequest(lane, passable, "shared");
}

/** Answers a client of a proxy that serves only reads. */
function alone(args: Arguments, session: Session): ClientRequest {
  const denied = session.isAuthenticated ? deniedHere(args, session.context) : null;
  if (denied === null) return local(args, session);
  session.context.onRefused(denied);
  return muted(refuseForbidden(denied), session);
}

/** Answers a client without a password in protected mode. It may do only what needs no Redis. */
function unprotected(
  args: Arguments,
  name: string,
  session: Session,
  { lanes: { table } }: ClientLane,
): ClientRequest {
  const isElsewhere = name === "select" && args.count === 2 && /^\d+$/.test(args.string(1, 20));
  if (isServedHere(args) && !isElsewhere) return local(args, session);
  if (table.isKnown && table.find(args) === undefined) {
    return muted(refuseCommand(args), session);
  }
  session.context.onRefused(name);
  return muted(refuseUnprotected(), session);
}

/** Whether a request about the connection concerns the state of the connection to Redis. */
function isAboutState(args: Arguments, { context }: Session, lane: ClientLane): boolean {
  switch (args.string(0, NAME_BYTES).toLowerCase()) {
    case "select":
      return lane.hasState || args.count !== 2 || args.string(1) !== `${context.database}`;
    case "client":
      return lane.hasState && args.string(1, NAME_BYTES).toLowerCase() === "info";
    default:
      return false;
  }
}

/** Refuses a request that may not pass. In a transaction, it makes EXEC fail, as in Redis. */
function forbidden(name: string, session: Session, lane: ClientLane): ClientRequest {
  session.context.onRefused(name);
  const refusal = refuseForbidden(name);
  if (!(lane.private?.mayBeInTransaction ?? false)) return muted(refusal, session);
  return broken(refusal, session, lane);
}

/** Refuses what only the proxy can do, and not at the time of EXEC. */
function refuseQueued(what: string, session: Session, lane: ClientLane): ClientRequest {
  return broken(refuse(`ERR ${what} inside a transaction: not supported`), session, lane);
}

/** Returns a refusal that also makes EXEC fail. */
function broken(refusal: ClientRequest, session: Session, lane: ClientLane): ClientRequest {
  const words = ["GET"]; // Without a key, Redis replies with an error.
  const bytes = Buffer.from(request(words), "latin1");
  const passable = new Passable(bytes, undefined, wordsOf(words), () => textOf(refusal));
  return new PrivateRequest(lane, passable, session.skipsReply());
}

/** Answers a client that has not logged in. Malformed requests get their own error, as in Redis. */
function beforeLogin(args: Arguments, session: Session, lane: ClientLane): ClientRequest {
  if (isKnownHere(args)) return local(args, session);
  const { table } = lane.lanes;
  const spec = table.find(args);
  if (!table.isKnown) return new Unrouted(args, session);
  if (spec === undefined) return refuseCommand(args);
  if (!fits(spec.arity, args.count)) return refuseArity(spec.name);
  return refuse("NOAUTH Authentication required.");
}

/**
 * Answers a request about the connection. A private connection with state gets the request as well.
 */
function aboutConnection(args: Arguments, session: Session, lane: ClientLane): ClientRequest {
  const spec = lane.lanes.table.find(args);
  const login = lane.hasState ? loginInPlace(args, spec, session, lane) : null;
  if (login !== null) return login;
  const answer = local(args, session);
  if (!changesAttributes(args)) return answer;
  lane.renew();
  // A connection with state stays.
  if (lane.private === null) return answer;
  return passed(args, spec, session, lane, answer instanceof SilentRequest);
}

/** Whether CLIENT REPLY leaves replies out. */
function changesNext(args: Arguments): boolean {
  return args.count === 3 && /^(off|skip)$/i.test(args.string(2, 8));
}

/** The proxy answers CLIENT REPLY, because it is the proxy that leaves replies out. */
function isReplySwitch(args: Arguments, name: string): boolean {
  return name === "client" && args.count > 1 && args.string(1, 8).toLowerCase() === "reply";
}

/** RESET turns replies on again, its own included, unless CLIENT REPLY SKIP came before it. */
function reset(args: Arguments, session: Session): ClientRequest {
  const { skipsNext } = session;
  const answer = dispatch(args, session);
  return session.skipsReply() || skipsNext ? new SilentRequest(answer) : answer;
}

/** Answers a request without Redis. */
function local(args: Arguments, session: Session): ClientRequest {
  return muted(dispatch(args, session), session);
}

/** Leaves out a reply that the client does not want. */
function muted(answer: ClientRequest, session: Session): ClientRequest {
  return session.skipsReply() ? new SilentRequest(answer) : answer;
}

/** The changes of an incomplete request: any key may be among the missing arguments. */
const ANY_KEY: Written = { keys: [], beyond: "unnamed" };

/**
 * Makes a request of a large one that is still incomplete, if it may pass as it arrives.
 *
 * @param args The arguments that have come. The last one may be cut.
 * @param source Called to start taking its bytes.
 */
export function streamedOf(
  args: Arguments,
  session: Session,
  source: () => RequestSource,
): StreamedRequest | null {
  const lane = session.lane!;
  const { table } = lane.lanes;
  if (!session.isAuthenticated || !session.mayPass || args.count < 2) return null;
  const name = args.string(0, NAME_BYTES).toLowerCase();
  const spec = table.find(args);
  const isOwn = isKnownHere(args) && !isTooLarge(args);
  const isNone = spec === undefined && (table.isKnown || name.length === NAME_BYTES);
  if (isNone || isOwn || !lane.lanes.allows(spec, name)) return null;
  if (!lane.lanes.mayStream(spec)) return null;
  const isMuted = session.skipsReply();
  const known = new Passable(new Uint8Array(0), spec, args, null, ANY_KEY);
  known.slot = lane.lanes.slotOf(spec, args);
  return new StreamedRequest(lane, known, source(), isMuted);
}

function passed(
  args: Arguments,
  spec: CommandSpec | undefined,
  session: Session,
  lane: ClientLane,
  isMuted = session.skipsReply(),
): ClientRequest {
  const translated = spec === undefined ? null : translate(args, spec, session, lane);
  if (translated !== null && !(translated instanceof Translated)) {
    if (!isMuted) return translated;
    return translated instanceof KillRequest
      ? new MutedRequest(translated)
      : new SilentRequest(translated);
  }
  const rewrite = translated?.rewrite ?? rewriteOf(spec, args, session);
  const passable = new Passable(translated?.bytes ?? args.raw(), spec, args, rewrite);
  const way = lane.routeOf(spec, args);
  // It waits for all that the client has sent before.
  if (passable.name === "wait" && way === "shared" && lane.isBusy && !isMuted) {
    return new WhenAnswered(args, session);
  }
  const isPrivate = way === "private" || way === "local";
  if (isPrivate && !(passable.name === "info" && !lane.isBusy)) {
    return new PrivateRequest(lane, passable, isMuted);
  }
  const shared = passable.name === "info"
    ? infoRequest(lane, passable, session, tail(args, 1))
    : new SharedRequest(lane, passable, way);
  return isMuted ? new MutedRequest(shared) : shared;
}

function infoRequest(
  lane: ClientLane,
  request: Passable,
  { version, context }: Session,
  names: readonly string[],
): InfoRequest {
  return new InfoRequest(lane, request, () => infoAlone(context, version, names));
}

/** Returns the reply to INFO if Redis does not give its own. */
function infoAlone(context: RespContext, version: RespVersion, names: readonly string[]) {
  return encode(verbatim(version, infoText(context.facts(), names, true)));
}

/** A request that gets its route once all before it are answered: it may end their private lane. */
class WhenAnswered implements ClientRequest {
  readonly last = false;
  readonly way: string = "answered";
  readonly args: Arguments;

  constructor(args: Arguments, readonly session: Session) {
    this.args = ownArguments(args);
  }

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  routed(): ClientRequest {
    return route(this.args, this.session);
  }

  takeOver(): Promise<ClientRequest> {
    return Promise.resolve(this.routed());
  }
}

/** A request without a route yet: the server's commands, or an earlier request, are not known. */
export class Unrouted extends WhenAnswered {
  override readonly way = "unrouted";

  get #isKnown(): boolean {
    return this.session.lane!.lanes.table.isKnown;
  }

  override async takeOver(): Promise<ClientRequest> {
    const failure = await this.session.lane!.lanes.ready(this.session.version);
    if (!this.session.isAuthenticated && (failure !== null || !this.#isKnown)) {
      return refuse("NOAUTH Authentication required.");
    }
    if (failure instanceof Failure) return this.#unanswered(failure);
    if (this.#isKnown) return this.routed();
    return passed(this.args, undefined, this.session, this.session.lane!);
  }

  #unanswered(failure: Failure): ClientRequest {
    const { args, session: { context, version } } = this;
    return args.string(0, NAME_BYTES).toLowerCase() === "info"
      ? new FixedReply(infoAlone(context, version, tail(args, 1)))
      : refuseFailure(failure);
  }
}
