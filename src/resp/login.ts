/**
 * Logs a client in: with the password of the proxy, with the proxy's own credentials at Redis, or, if
 * commands pass, as any other user of Redis. Such a user gets its own connection to Redis and nothing
 * from the cache, because no access list would check a hit.
 *
 * @module
 */
import { Failure } from "../core/types.ts";
import type { Login } from "../lanes/lane_client.ts";
import { type ClientRequest, TAKE_OVER } from "../server/protocol.ts";
import { refuse } from "./requests/fixed.ts";
import { refuseFailure } from "./requests/answers.ts";
import type { Session } from "./session.ts";

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";

/**
 * Returns the request that logs the client in.
 *
 * @param done Makes the reply after a successful login.
 */
export function login(
  { username, password }: Login,
  session: Session,
  done: () => ClientRequest,
): ClientRequest {
  const { credentials, originCredentials } = session.context;
  const isOrigin = session.lane !== null && (originCredentials?.check(username, password) ?? false);
  if (isOrigin || credentials.check(username, password)) {
    session.admit(username, isOrigin || credentials.required);
    if (session.login !== null) session.leaveUser();
    return done();
  }
  // Redis may accept anybody: that proves nothing to a proxy with its own password.
  const isOwn = username === credentials.user;
  if (session.lane === null || !session.isAuthenticated || isOwn) return refuse(WRONG_PASSWORD);
  return new ForeignLogin({ username, password }, session, done);
}

/** Asks Redis whether it accepts the user. */
class ForeignLogin implements ClientRequest {
  readonly last = false;
  readonly way = "login";

  constructor(
    readonly login: Login,
    readonly session: Session,
    readonly done: () => ClientRequest,
  ) {}

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  async takeOver(): Promise<ClientRequest> {
    const { session, login } = this;
    const failure = await session.enterUser(login);
    if (failure instanceof Failure) return refuseFailure(failure);
    session.admit(login.username, true);
    return this.done();
  }
}
