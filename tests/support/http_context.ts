/**
 * A made-up context for a conversation in HTTP.
 *
 * @module
 */
import { Credentials, DEFAULT_USER } from "../../src/core/credentials.ts";
import { Stats } from "../../src/core/stats.ts";
import { HttpContext, type HttpOptions } from "../../src/http/mod.ts";

/** A context without a password or limits, except for the given options. */
export function httpContext(given: Partial<HttpOptions> = {}): HttpContext {
  return new HttpContext({
    contentType: "application/octet-stream",
    maxAge: 0,
    corsOrigins: null,
    allowedHosts: null,
    keys: null,
    ban: null,
    mayRefresh: true,
    credentials: new Credentials(DEFAULT_USER, null),
    ...given,
  }, new Stats());
}
