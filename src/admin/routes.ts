/**
 * The pages of the admin port: health, readiness, metrics, and explanations of keys. A function
 * from request to page, without a socket.
 *
 * @module
 */
import { accepts } from "@std/http/negotiation";
import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { Buffer } from "node:buffer";
import type { Facts } from "../core/facts.ts";
import { CHALLENGE_LINES } from "../http/authorization.ts";
import { errorBody } from "../http/error_body.ts";
import { keyOf, splitTarget } from "../http/target.ts";
import type { Purge, Purged } from "../core/purge.ts";
import type { Key } from "../core/types.ts";
import { EXPOSITION_TYPE } from "./exposition.ts";
import { LIVE_PAGE, LIVE_PAGE_LINES } from "./live/page.ts";
import type { Insight } from "../core/insight.ts";
import type { MachineFacts } from "./figures.ts";
import { metricsText } from "./metrics.ts";

/** The sources of the pages. */
export interface AdminSources {
  facts(): Facts;
  machine(): MachineFacts;
  /** Why reads would not be served; null if they would. */
  whyNotReady(): string | null;
  explain(key: Key): Readonly<Record<string, string>>;
  readonly purge: Purge;
  readonly insight: Insight;
}

/** The parts of a request that a page depends on. */
export interface AdminRequest {
  readonly method: string;
  readonly target: string;
  /** Whether it gives the password, if one is set. */
  readonly isAuthorized: boolean;
  /** Whether it names a host that may be asked for. */
  readonly isHostAllowed: boolean;
  /** Whether a page in a browser may have made it. */
  readonly isFromPage: boolean;
  /** The media types that the client takes; null for any. */
  readonly accept: string | null;
}

export interface Page {
  readonly status: StatusCode;
  /** Media type. */
  readonly type: string;
  readonly body: Uint8Array;
  /** More lines of the head. */
  readonly lines: string;
}

const JSON_TYPE = "application/json";
const HTML_TYPE = "text/html; charset=utf-8";
const TEXT_TYPE = "text/plain";
const TEXT = `${TEXT_TYPE}; charset=utf-8`;

const PAGES = "GET /, /healthz, /readyz, /metrics or /explain?key=...";

/** Returns the page that a request asks for. */
export function answer(request: AdminRequest, sources: AdminSources): Page {
  const { method, target } = request;
  const place = splitTarget(target);
  if (typeof place === "string") return refuse(request, STATUS_CODE.BadRequest, place);
  const [path, query] = splitQuery(place.path);
  if (method === "DELETE") return refusalOf(request) ?? purge(request, path, query, sources);
  if (method !== "GET" && method !== "HEAD") {
    return refuse(request, STATUS_CODE.MethodNotAllowed, `Wanted ${PAGES}`, ALLOW);
  }
  // A program that only checks health often has no place for a password.
  if (path === "/healthz") return page("ok\n", TEXT);
  if (path === "/readyz") return readiness(request, sources.whyNotReady());
  const refused = refusalOf(request);
  if (refused !== null) return refused;
  if (path === "/") return { ...page(LIVE_PAGE, HTML_TYPE), lines: LIVE_PAGE_LINES };
  if (path === "/metrics") {
    return page(metricsText(sources.facts(), sources.machine()), EXPOSITION_TYPE);
  }
  if (path === "/explain") return explain(request, valueIn(query, "key"), sources);
  if (path.startsWith("/explain/")) {
    return explain(request, keyOf(path.slice("/explain".length)), sources);
  }
  return refuse(request, STATUS_CODE.NotFound, `No such page: wanted ${PAGES}`);
}

/** The reason may name hosts and users, so only those who may see them get it. */
function readiness(request: AdminRequest, why: string | null): Page {
  if (why === null) return page("ready\n", TEXT);
  const shown = request.isAuthorized ? why : "not ready";
  return refuse(request, STATUS_CODE.ServiceUnavailable, shown);
}

/** DELETE /cache/key, /cache?prefix=... or /cache?all: drops entries from the cache. */
function purge(
  request: AdminRequest,
  path: string,
  query: string,
  { purge }: AdminSources,
): Page {
  if (request.isFromPage) {
    const why = "A page in a browser must not purge the cache";
    return refuse(request, STATUS_CODE.Forbidden, why);
  }
  const purged = purgedBy(path, query);
  if (purged === null) {
    const why =
      "Wanted one of DELETE /cache/..., /cache?prefix=... and /cache?all, percent-encoded";
    return refuse(request, STATUS_CODE.BadRequest, why);
  }
  if (purged.kind === "prefix" && purged.prefix === "") {
    const why = "An empty prefix is that of all entries: wanted DELETE /cache?all";
    return refuse(request, STATUS_CODE.BadRequest, why);
  }
  return page(`${JSON.stringify({ entries: purge(purged) })}\n`, JSON_TYPE);
}

/** Returns what a request purges; null if it names nothing, or more than one thing. */
function purgedBy(path: string, query: string): Purged | null {
  if (path.startsWith("/cache/") && query === "") {
    const key = keyOf(path.slice("/cache".length));
    return key === null ? null : { kind: "key", key };
  }
  if (path !== "/cache" || query.includes("&")) return null;
  if (query === "all") return { kind: "all" };
  const prefix = valueIn(query, "prefix");
  return prefix === null ? null : { kind: "prefix", prefix };
}

/** Returns the refusal of a request that may see nothing of the proxy; null if it may. */
function refusalOf(request: AdminRequest): Page | null {
  if (!request.isHostAllowed) {
    const why = "This host is not served: wanted localhost or the address of the admin port";
    return refuse(request, STATUS_CODE.MisdirectedRequest, why);
  }
  if (request.isAuthorized) return null;
  const why = "Wrong or missing password: wanted Basic or Bearer authentication";
  return refuse(request, STATUS_CODE.Unauthorized, why, CHALLENGE_LINES);
}

const ALLOW = "Allow: GET, HEAD, DELETE\r\n";

function explain(request: AdminRequest, key: Key | null, { explain }: AdminSources): Page {
  if (key === null) {
    const text = "No key: wanted /explain?key=... or /explain/..., percent-encoded";
    return refuse(request, STATUS_CODE.BadRequest, text);
  }
  const found = explain(key);
  const headers = new Headers({ accept: request.accept ?? "*/*" });
  if (accepts({ headers } as Request, JSON_TYPE, TEXT_TYPE) === TEXT_TYPE) {
    const lines = Object.entries(found).map(([name, value]) => `${name}: ${value}\n`);
    return page(lines.join(""), TEXT);
  }
  return page(`${JSON.stringify(found)}\n`, JSON_TYPE);
}

function splitQuery(path: string): [path: string, query: string] {
  const at = path.indexOf("?");
  return at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}

/** The bytes of a value in a query; null if it is not there. */
function valueIn(query: string, name: string): Key | null {
  const asked = query.split("&").find((one) => one.startsWith(`${name}=`));
  if (asked === undefined) return null;
  // In a query a plus is a space, and a question mark does not end anything.
  const text = asked.slice(name.length + 1).replaceAll("+", "%20").replaceAll("?", "%3F");
  return keyOf(`/${text}`);
}

function page(body: string, type: string): Page {
  return { status: STATUS_CODE.OK, type, body: Buffer.from(body), lines: "" };
}

/** Returns the page of an error, as a problem document for a client that prefers JSON. */
export function refuse(
  { accept }: Pick<AdminRequest, "accept">,
  status: StatusCode,
  detail: string,
  lines = "",
): Page {
  const [type, body] = errorBody(status, detail, accept);
  return { status, type, body, lines };
}
