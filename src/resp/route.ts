/**
 * Decides who answers a request: the cache, the proxy itself, or Redis over one of the lanes. The
 * rules of `route` apply from top to bottom: the first one that fits decides.
 *
 * @module
 */
import type { ClientLane } from "../lanes/client_lane.ts";
import { Passable } from "../lanes/passable.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { Failure } from "../core/types.ts";
import { type Arguments, ownArguments } from "./parse/arguments.ts";
import { fits, tail } from "./commands/command.ts";
import {
  changesAttributes,
  deniedHere,
  isAboutCluster,
  isCached,
  isKnownHere,
  isLocal,
  isTooLarge,
} from "./commands/table.ts";
import { refuseArity, refuseCommand } from "./commands/refusals.ts";
import { Deferred } from "./deferred.ts";
import { forbidden, onlyRead, refuseQueued, unprotected } from "./forbidden.ts";
import { local, muted, reset } from "./local.ts";
import { loginInPlace } from "./login.ts";
import { infoAlone, NAME_BYTES, passed } from "./pass.ts";
import { SharedRequest } from "./passed.ts";
import { PrivateRequest } from "./private_client.ts";
import { refuseFailure } from "./requests/answers.ts";
import { FixedReply, refuse, SilentRequest } from "./requests/fixed.ts";
import { select } from "./select.ts";
import type { Session } from "./session.ts";

/** Commands that may end the private lane, once all requests on it are answered. */
const ENDS_STATE = new Set(["hello", "reset", "quit"]);

/** Makes the request for these arguments in this session. */
export function route(args: Arguments, session: Session): ClientRequest {
  const { lane } = session;
  session.enlist();
  if (lane === null) return onlyRead(args, session);
  if (lane.isWaiting && isElsewhere(args, session, lane)) return whenAnswered(args, session);
  const written = args.name();
  if (session.mayPass && session.isAuthenticated && session.replies.wantsAll) {
    const plain = plainRequest(args, written, session, lane);
    if (plain !== null) return plain;
  }
  const name = written.toLowerCase();
  if (!session.isAuthenticated) return beforeLogin(args, session, lane);
  if (ENDS_STATE.has(name) && lane.isWaiting) return whenAnswered(args, session);
  if (name === "proxy" && lane.private?.mayBeInTransaction) {
    return refuseQueued("PROXY", session, lane);
  }
  const isForwarded = lane.mustForward;
  const { state } = lane.private ?? {};
  const isStream = state?.isOpaque ?? false;
  if ((name === "quit" && !isStream) || name === "proxy") return local(args, session);
  if (name === "reset" && !isStream) return reset(args, session);
  const denied = isForwarded ? null : deniedHere(args, session.context);
  if (denied !== null) return forbidden(denied, session, lane);
  const isReply = isReplySwitch(args, name);
  if (isReply && isForwarded && lane.isWaiting) return whenAnswered(args, session);
  // Redis queues it, or refuses it because of subscriptions.
  const isRefused = state?.isSubscribed && session.version === 2;
  if (isReply && !state?.isInTransaction && !isRefused && !isStream) return local(args, session);
  if (!isForwarded && isAboutCluster(args, session.context)) return local(args, session);
  const mustPass = session.mayPass && isTooLarge(args);
  if (!isForwarded && !mustPass && isCached(name)) {
    if (!lane.isBusy) return local(args, session);
    // The master would answer at once, and a replica could answer the next read with an older value.
    const waits = session.context.readsReplicas && !lane.hasState && session.login === null;
    if (waits) return whenAnswered(args, session);
  }
  const isOwn = !mustPass && isLocal(args) && !isAboutState(args, session, lane);
  if (!session.mayPass && !isOwn) {
    return unprotected(args, name, session, lane);
  }
  if (isOwn && !isForwarded) return aboutConnection(args, session, lane);
  if (!lane.lanes.table.isKnown) return whenKnown(args, session);
  const spec = lane.lanes.table.find(args);
  if (spec === undefined && name.length === NAME_BYTES && !lane.hasState) {
    return muted(refuseCommand(args), session); // No command has such a long name.
  }
  if (!lane.lanes.allows(spec, name)) return forbidden(spec?.name ?? name, session, lane);
  if (spec?.name === "select") return select(args, spec, session, lane);
  if (spec?.name === "wait" && lane.isBusy && session.replies.wantsAll) {
    // It waits for all that the client has sent before.
    if (lane.routeOf(spec, args) === "shared") return whenAnswered(args, session);
  }
  return passed(args, spec, session, lane);
}

/** Returns the request of a command that needs no further look, as most do; null for others. */
function plainRequest(
  args: Arguments,
  name: string,
  { context }: Session,
  lane: ClientLane,
): SharedRequest | PrivateRequest | null {
  const { lanes, hasState } = lane;
  if (!hasState && !lane.mayShare) return null;
  const spec = lanes.plain(name);
  if (spec === undefined) return null;
  if (hasState) return new PrivateRequest(lane, new Passable(args.raw(), spec, args));
  if (isCached(spec.name) && (!lane.isBusy || context.readsReplicas)) return null;
  const passable = new Passable(args.raw(), spec, args);
  const isLong = lanes.long.has(passable.bytes) && lanes.hasRoom;
  return isLong ? new PrivateRequest(lane, passable) : new SharedRequest(lane, passable, "shared");
}

/**
 * Whether a request must not follow the others over the private lane if that holds no state once
 * they are answered: in a cluster, the lane leads to one node.
 */
function isElsewhere(args: Arguments, { context, login }: Session, lane: ClientLane): boolean {
  if (login !== null) return false; // The user has no other way.
  if (lane.mustForward && isAboutCluster(args, context)) return true;
  const { lanes } = lane;
  return lanes.knowsSlots &&
    (changesAttributes(args) || !lanes.concernsOnly(lane.private!, lanes.table.find(args), args));
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

/** Answers a client that has not logged in. Malformed requests get their own error, as in Redis. */
function beforeLogin(args: Arguments, session: Session, lane: ClientLane): ClientRequest {
  if (isKnownHere(args)) return local(args, session);
  const { table } = lane.lanes;
  const spec = table.find(args);
  if (!table.isKnown) return whenKnown(args, session);
  if (spec === undefined) return refuseCommand(args);
  if (!fits(spec.arity, args.count)) return refuseArity(spec.name);
  return refuseLogin();
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

/** The proxy answers CLIENT REPLY, because it is the proxy that leaves replies out. */
function isReplySwitch(args: Arguments, name: string): boolean {
  return name === "client" && args.count > 1 && args.string(1, 8).toLowerCase() === "reply";
}

/** Defers a request until all before it are answered: they may end their private lane. */
function whenAnswered(args: Arguments, session: Session): ClientRequest {
  const own = ownArguments(args);
  return new Deferred("answered", () => route(own, session));
}

/** Defers a request whose route is not known, because the server's commands are not. */
export function whenKnown(args: Arguments, session: Session): ClientRequest {
  const own = ownArguments(args);
  return new Deferred("unrouted", async () => {
    const { lanes } = session.lane!;
    const failure = await lanes.ready(session.version);
    const { isKnown } = lanes.table;
    if (!session.isAuthenticated && (failure !== null || !isKnown)) return refuseLogin();
    if (failure instanceof Failure) return unanswered(own, session, failure);
    return isKnown ? route(own, session) : passed(own, undefined, session, session.lane!);
  });
}

function unanswered(args: Arguments, session: Session, failure: Failure): ClientRequest {
  return args.string(0, NAME_BYTES).toLowerCase() === "info"
    ? new FixedReply(infoAlone(session, tail(args, 1)))
    : refuseFailure(failure);
}

function refuseLogin(): ClientRequest {
  return refuse("NOAUTH Authentication required.");
}
