/**
 * Interprets the fields of a request.
 *
 * @module
 */
import { isAuthorized } from "./authorization.ts";
import { corsLines } from "./cors.ts";
import { NO_WISHES, type Wishes, wishesOf, withoutRefresh } from "./directives.ts";
import { hostOf, isAllowedHost } from "./host.ts";
import { tokensOf } from "./lists.ts";
import type { RawFields } from "./raw_fields.ts";
import { Refusal } from "./refusal.ts";
import type { ReplyMode } from "./replies.ts";
import type { HttpOptions } from "./options.ts";

/** The preconditions of a request, and the part of the value it asks for. */
export interface Conditions {
  readonly match: string | null;
  readonly noneMatch: string | null;
  readonly range: string | null;
  readonly ifRange: string | null;
}

/** Why a well-formed request gets no value, whatever it asks for. */
export type Bar = "unauthorized" | "expectation";

/** The interpreted fields of a request. */
export interface Fields {
  readonly wishes: Wishes;
  /** Null if there are none. */
  readonly conditions: Conditions | null;
  /** Null if the client may have the value. */
  readonly bar: Bar | null;
  /** Whether the Host field names an allowed host. */
  readonly isHostAllowed: boolean;
  /** Whether this is a browser's preflight request. */
  readonly isPreflight: boolean;
  /** How to reply to GET; other methods and bodies may change it. */
  readonly mode: ReplyMode;
}

/** The line of a reply over HTTP/1.0 if the connection stays open. */
export const KEEP_ALIVE = "Connection: keep-alive\r\n";

/** Interprets the fields of a request, or refuses them. */
export function interpretFields(
  fields: RawFields,
  isHttp11: boolean,
  options: HttpOptions,
): Fields | Refusal {
  const authority = fields.get("host");
  const host = authority === undefined ? (isHttp11 ? null : "") : hostOf(authority);
  if (host === null) return BAD_HOST;
  const cacheControl = fields.get("cache-control");
  const last = isLast(fields.get("connection") ?? "", isHttp11);
  // An HTTP/1.0 client keeps the connection only if it asked to and the reply confirms it.
  const keepAlive = last || isHttp11 ? "" : KEEP_ALIVE;
  return {
    wishes: cacheControl === undefined ? NO_WISHES : grant(wishesOf(cacheControl), options),
    conditions: conditionsOf(fields),
    bar: barOf(fields, isHttp11, options),
    isHostAllowed: isAllowedHost(host, options.allowedHosts),
    isPreflight: fields.has("origin") && fields.has("access-control-request-method"),
    mode: {
      isHead: false,
      last,
      lines: keepAlive + corsLines(fields.get("origin"), options.corsOrigins),
      accept: fields.get("accept") ?? null,
    },
  };
}

function grant(wishes: Wishes, { mayRefresh }: HttpOptions): Wishes {
  return mayRefresh ? wishes : withoutRefresh(wishes);
}

const BAD_HOST = new Refusal(
  400,
  "Cannot read Host: wanted exactly one, with a host and an optional port",
);

/** Whether the connection ends after this request. Source: RFC 9112 section 9.3. */
function isLast(connection: string, isHttp11: boolean): boolean {
  const options = tokensOf(connection);
  return options.includes("close") || (!isHttp11 && !options.includes("keep-alive"));
}

function conditionsOf(fields: RawFields): Conditions | null {
  const match = fields.get("if-match") ?? null;
  const noneMatch = fields.get("if-none-match") ?? null;
  const range = fields.get("range") ?? null;
  if (match === null && noneMatch === null && range === null) return null;
  return { match, noneMatch, range, ifRange: fields.get("if-range") ?? null };
}

function barOf(fields: RawFields, isHttp11: boolean, options: HttpOptions): Bar | null {
  if (!isAuthorized(fields.get("authorization"), options.credentials)) return "unauthorized";
  // An expectation over HTTP/1.0 is ignored (RFC 9110 section 10.1.1).
  const expectation = isHttp11 ? fields.get("expect") : undefined;
  return expectation === undefined || expectation.toLowerCase() === "100-continue"
    ? null
    : "expectation";
}
