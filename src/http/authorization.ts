/**
 * Authentication by the Authorization field. Source: RFC 9110 section 11, RFC 7617 (Basic), RFC
 * 6750 (Bearer, with the password as the token).
 *
 * @module
 */
import { type Credentials, DEFAULT_USER } from "../core/credentials.ts";

/** Lines of a reply that asks for the password. */
export const CHALLENGE_LINES = 'WWW-Authenticate: Basic realm="redis-proxy", charset="UTF-8"\r\n' +
  'WWW-Authenticate: Bearer realm="redis-proxy"\r\n';

/** Whether a request with this field may be answered. */
export function isAuthorized(authorization: string | undefined, credentials: Credentials): boolean {
  if (!credentials.required) return true;
  const parts = /^([a-z]+) +([^ \t]+)$/i.exec(authorization ?? "");
  if (parts === null) return false;
  const [, scheme, token] = parts;
  switch (scheme!.toLowerCase()) {
    case "basic":
      return isBasic(token!, credentials);
    case "bearer":
      return credentials.checkPassword(token!);
    default:
      return false;
  }
}

/**
 * User and password in base64. An empty user means the default user, as in a URL of Redis: it is
 * refused if --user names another one.
 */
function isBasic(token: string, credentials: Credentials): boolean {
  let pair: string;
  try {
    pair = atob(token);
  } catch {
    return false;
  }
  const colon = pair.indexOf(":");
  if (colon < 0) return false;
  return credentials.check(pair.slice(0, colon) || DEFAULT_USER, pair.slice(colon + 1));
}
