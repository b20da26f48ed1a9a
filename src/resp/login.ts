/**
 * Logs a client in: with the password of the proxy, with the proxy's own credentials at Redis, or,
 * if commands pass, as another user of Redis. Such a user gets its own connection to Redis and
 * nothing from the cache, because no access list would check a hit.
 *
 * @module
 */
import type { CommandSpec } from "../commands/spec.ts";
import { DEFAULT_USER } from "../core/credentials.ts";
import { Failure } from "../core/types.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import type { Login } from "../lanes/lane_client.ts";
import { Passable } from "../lanes/passable.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { Becoming } from "./deferred.ts";
import { rewriteOf } from "./rewrites.ts";
import { tail } from "./commands/command.ts";
import { type Arguments, request } from "./parse/arguments.ts";
import { PrivateRequest } from "./private_client.ts";
import { encode } from "./replies.ts";
import { refuse } from "./requests/fixed.ts";
import { refuseFailure } from "./requests/answers.ts";
import type { Session } from "./session.ts";

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";

/**
 * Returns the request that logs the client in.
 *
 * @param done Makes the reply after a successful login.
 * @param unneeded Makes the reply if neither the proxy nor Redis needs a password.
 */
export function login(
  { username, password }: Login,
  session: Session,
  done: () => ClientRequest,
  unneeded = done,
): ClientRequest {
  const { credentials, originCredentials } = session.context;
  if (!credentials.required && originCredentials === null && username === credentials.user) {
    return session.lane === null
      ? unneeded()
      : new PerhapsUnneeded({ username, password }, session, done, unneeded);
  }
  const isOrigin = session.lane !== null && (originCredentials?.check(username, password) ?? false);
  if (isOrigin || credentials.check(username, password)) {
    session.admit(username, isOrigin || credentials.required);
    if (session.login !== null) session.leaveUser();
    return done();
  }
  // Redis may accept any password, so its OK proves nothing to a proxy that has its own password.
  const isOwn = username === credentials.user;
  if (session.lane === null || !session.isAuthenticated || isOwn) return refuseLogin(session);
  return new ForeignLogin({ username, password }, session, done);
}

/**
 * Logs a client in over its private connection, which holds state. The state remains, as in Redis.
 *
 * @returns The request; null if these words hold no credentials, or none for Redis.
 */
export function loginInPlace(
  args: Arguments,
  spec: CommandSpec | undefined,
  session: Session,
  lane: ClientLane,
): ClientRequest | null {
  const words = tail(args, 0);
  const at = placeOf(words);
  if (at === null) return null;
  const password = words[at.last]!;
  const username = at.last > at.first ? words[at.first]! : DEFAULT_USER;
  const { credentials, originCredentials } = session.context;
  const isOrigin = originCredentials?.check(username, password) ?? false;
  const isOwn = isOrigin || credentials.check(username, password);
  const { login } = lane.lanes.options;
  if (isOwn && (login !== null || credentials.required)) {
    const own = [login?.username ?? DEFAULT_USER, login?.password ?? ""];
    words.splice(at.first, at.last - at.first + 1, ...own);
  } else if (!isOwn && username === credentials.user) {
    return refuseLogin(session);
  }
  const passing = new Passable(encode(request(words)), spec, args, rewriteOf(spec, args, session));
  passing.onAnswer = (isError) => {
    if (isError) return void session.context.stats.failedLogins.resp++;
    session.login = isOwn ? null : { username, password };
    session.admit(username, !isOwn || isOrigin || credentials.required);
    if (passing.name === "hello") session.version = words[1] === "3" ? 3 : 2;
  };
  return new PrivateRequest(lane, passing, session.skipsReply());
}

function refuseLogin({ context }: Session): ClientRequest {
  context.stats.failedLogins.resp++;
  return refuse(WRONG_PASSWORD);
}

/** Returns the user and the password in the words of AUTH or HELLO; null if there are none. */
function placeOf(words: readonly string[]): { first: number; last: number } | null {
  const last = words.length - 1;
  if (words[0]!.toLowerCase() === "auth") {
    return last === 1 || last === 2 ? { first: 1, last } : null;
  }
  for (let at = 2; at < last; at++) {
    const option = words[at]!.toLowerCase();
    if (option === "auth" && at + 2 <= last) return { first: at + 1, last: at + 2 };
    if (option === "setname") at++;
  }
  return null;
}

/** Tries the user at Redis. */
class ForeignLogin extends Becoming {
  readonly way = "login";

  constructor(
    readonly login: Login,
    readonly session: Session,
    readonly done: () => ClientRequest,
  ) {
    super();
  }

  async takeOver(): Promise<ClientRequest> {
    const { session, login } = this;
    const failure = await session.enterUser(login);
    if (failure instanceof Failure) {
      if (failure.reason === "reply") session.context.stats.failedLogins.resp++;
      return refuseFailure(failure);
    }
    session.admit(login.username, true);
    return this.done();
  }
}

/**
 * Logs a client in as the default user although the settings have no password for it. Redis may have
 * got one since the proxy started.
 */
class PerhapsUnneeded extends Becoming {
  readonly way = "login";

  constructor(
    readonly login: Login,
    readonly session: Session,
    readonly done: () => ClientRequest,
    readonly unneeded: () => ClientRequest,
  ) {
    super();
  }

  async takeOver(): Promise<ClientRequest> {
    const { session, login, done, unneeded } = this;
    if (await session.lane!.lanes.needsPassword()) {
      return await new ForeignLogin(login, session, done).takeOver();
    }
    session.admit(login.username, false);
    if (session.login !== null) session.leaveUser();
    return unneeded();
  }
}
