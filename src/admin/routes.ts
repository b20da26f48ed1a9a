/**
 * What the admin port answers: whether the process lives, whether it is ready, its metrics, and what
 * is known of a key. A function from request to response; no socket.
 *
 * @module
 */
import { accepts } from "@std/http/negotiation";
import { STATUS_CODE, type StatusCode } from "@std/http/status";
import type { Credentials } from "../core/credentials.ts";
import type { Facts } from "../core/facts.ts";
import { isAuthorized } from "../http/authorization.ts";
import { errorBody } from "../http/error_body.ts";
import { keyOf } from "../http/target.ts";
import type { Key } from "../core/types.ts";
import { EXPOSITION_TYPE } from "./exposition.ts";
import { metricsText } from "./metrics.ts";

/** Those who know. */
export interface AdminSources {
  readonly credentials: Credentials;
  facts(): Facts;
  /** Why reads would not be served; null when they would. */
  whyNotReady(): string | null;
  explain(key: Key): Readonly<Record<string, string>>;
}

const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain";
const TEXT = `${TEXT_TYPE}; charset=utf-8`;

const PAGES = "GET /healthz, /readyz, /metrics or /explain?key=...";

/** Answers a request. */
export function answer(request: Request, sources: AdminSources): Response {
  const path = pathOf(request);
  if (request.method !== "GET" && request.method !== "HEAD") {
    const response = refuse(request, STATUS_CODE.MethodNotAllowed, `Wanted ${PAGES}`);
    response.headers.set("Allow", "GET, HEAD");
    return response;
  }
  // Who only asks whether the process lives often cannot keep a password.
  if (path === "/healthz") return tell("ok\n", TEXT);
  if (!isAuthorized(request.headers.get("Authorization") ?? undefined, sources.credentials)) {
    const response = refuse(request, STATUS_CODE.Unauthorized, "Wanted the password");
    response.headers.append("WWW-Authenticate", 'Basic realm="redis-proxy", charset="UTF-8"');
    response.headers.append("WWW-Authenticate", 'Bearer realm="redis-proxy"');
    return response;
  }
  if (path === "/readyz") {
    const why = sources.whyNotReady();
    if (why === null) return tell("ready\n", TEXT);
    return refuse(request, STATUS_CODE.ServiceUnavailable, why);
  }
  if (path === "/metrics") return tell(metricsText(sources.facts()), EXPOSITION_TYPE);
  if (path === "/explain" || path.startsWith("/explain/")) return explain(request, sources);
  return refuse(request, STATUS_CODE.NotFound, `No such page: wanted ${PAGES}`);
}

function explain(request: Request, { explain }: AdminSources): Response {
  const key = keyAskedFor(request);
  if (key === null) {
    const text = "No key: wanted /explain?key=... or /explain/..., percent-encoded";
    return refuse(request, STATUS_CODE.BadRequest, text);
  }
  const found = explain(key);
  if (accepts(request, JSON_TYPE, TEXT_TYPE) === TEXT_TYPE) {
    const lines = Object.entries(found).map(([name, value]) => `${name}: ${value}\n`);
    return tell(lines.join(""), TEXT);
  }
  return tell(`${JSON.stringify(found)}\n`, JSON_TYPE);
}

/** The key's bytes; from the query if it has one, where dots are no steps of a path. */
function keyAskedFor(request: Request): Key | null {
  const [, query] = /^[^?#]*\?([^#]*)/.exec(request.url) ?? [];
  const asked = query?.split("&").find((one) => one.startsWith("key="));
  if (asked !== undefined) {
    // A blank is a plus in a query, and a question mark is no end.
    const text = asked.slice("key=".length).replaceAll("+", "%20").replaceAll("?", "%3F");
    return keyOf(`/${text}`);
  }
  const path = pathOf(request);
  return path.startsWith("/explain/") ? keyOf(path.slice("/explain".length)) : null;
}

function pathOf(request: Request): string {
  return new URL(request.url).pathname;
}

function tell(body: string, type: string): Response {
  return new Response(body, { headers: { "Content-Type": type, "Cache-Control": "no-store" } });
}

function refuse(request: Request, status: StatusCode, detail: string): Response {
  const [type, body] = errorBody(status, detail, request.headers.get("Accept"));
  const headers = { "Content-Type": type, "Cache-Control": "no-store" };
  return new Response(body as BodyInit, { status, headers });
}
