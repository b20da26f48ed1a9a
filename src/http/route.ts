/**
 * Decides the answer to each request: a key, a page or an error. Read from top to bottom: the first
 * rule that fits decides. Source: RFC 9110 for methods and statuses.
 *
 * @module
 */
import type { StatusCode } from "@std/http/status";
import type { Key } from "../core/types.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { CHALLENGE_LINES } from "./authorization.ts";
import type { HttpContext } from "./context.ts";
import { PREFLIGHT_LINES } from "./cors.ts";
import { type Fields, KEEP_ALIVE } from "./fields.ts";
import { isAllowedHost } from "./host.ts";
import type { HttpOptions } from "./options.ts";
import type { Head } from "./parser.ts";
import type { ReplyMode } from "./replies.ts";
import { KeyRequest } from "./key_request.ts";
import { KeylessRequest } from "./keyless_request.ts";
import { readTarget } from "./target.ts";
import { WELCOME } from "./welcome.ts";

/** Methods that are defined but not allowed for keys; all others are unknown. */
const OTHER_METHODS = new Set(["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]);

const ALLOW = "Allow: GET, HEAD, OPTIONS\r\n";

/** Makes the request that this head stands for. */
export function route(
  head: Head<Fields>,
  context: HttpContext,
  isDraining: boolean,
): ClientRequest {
  const { line: { method, key }, fields } = head;
  const mode = modeOf(head, isDraining);
  // A plain GET takes the short way.
  const isPlain = method === "GET" && key !== null && key !== "";
  if (isPlain && fields.bar === null && fields.isHostAllowed && mayRead(key, context.options)) {
    return new KeyRequest(context.replies, key, fields, mode);
  }
  return routeOther(head, context, mode);
}

function routeOther(
  { line, fields }: Head<Fields>,
  context: HttpContext,
  mode: ReplyMode,
): ClientRequest {
  const { method } = line;
  const { replies, options } = context;
  const fail = (status: StatusCode, why: string, lines = "") =>
    refuse(status, why, context, mode, lines);
  const target = readTarget(line);
  // The connection ends, as after every malformed request.
  if (typeof target === "string") return refuse(400, target, context, { ...mode, last: true });
  const { key, host } = target;
  const isAllowed = host === null
    ? fields.isHostAllowed
    : isAllowedHost(host, options.allowedHosts);
  if (!isAllowed) return fail(421, "This host is not served: wanted one of --allowed-hosts");
  if (method === "OPTIONS") {
    const lines = ALLOW + (fields.isPreflight && options.corsOrigins ? PREFLIGHT_LINES : "");
    return new KeylessRequest(mode, (output, now) => replies.empty(output, now, lines, mode));
  }
  if (key === null || (method !== "GET" && method !== "HEAD")) {
    const why = `Cannot ${method} a key: wanted GET or HEAD`;
    return OTHER_METHODS.has(method) ? fail(405, why, ALLOW) : fail(501, why);
  }
  if (fields.bar === "unauthorized") {
    context.stats.failedLogins.http++;
    return fail(
      401,
      "Wrong or missing password: wanted Basic or Bearer authentication",
      CHALLENGE_LINES,
    );
  }
  if (fields.bar === "expectation") {
    return fail(417, "Cannot meet the expectation: wanted 100-continue");
  }
  if (target.isRoot) {
    return new KeylessRequest(mode, (output, now) => replies.page(output, now, WELCOME, mode));
  }
  if (options.ban !== null) {
    options.ban.onRefused();
    return fail(403, options.ban.why);
  }
  return mayRead(key, options)
    ? new KeyRequest(replies, key, fields, mode)
    : fail(403, "This key may not be read over HTTP: --http-keys does not name it");
}

/** Makes a request that is refused. */
export function refuse(
  status: StatusCode,
  why: string,
  { replies }: HttpContext,
  mode: ReplyMode,
  lines = "",
): KeylessRequest {
  return new KeylessRequest(
    mode,
    (output, now) => replies.error(output, now, status, why, mode, lines),
  );
}

function mayRead(key: Key, { keys, ban }: HttpOptions): boolean {
  return ban === null && (keys === null || keys.has(key));
}

function modeOf(
  { line, fields: { mode }, isBodyLeft }: Head<Fields>,
  isDraining: boolean,
): ReplyMode {
  const last = mode.last || isBodyLeft || isDraining;
  if (line.method === "GET" && last === mode.last) return mode;
  const lines = last ? mode.lines.replace(KEEP_ALIVE, "") : mode.lines;
  return { ...mode, isHead: line.method === "HEAD", last, lines };
}
