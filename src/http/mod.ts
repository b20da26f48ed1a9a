/**
 * HTTP as a protocol of this server: `GET /key` reads a key, and which outcome is which status.
 * Source: RFC 9110 for methods and statuses, RFC 9112 for the connection.
 *
 * @module
 */
import type { ClientRequest, Protocol } from "../server/protocol.ts";
import { Credentials, DEFAULT_USER } from "../core/credentials.ts";
import type { Input } from "../server/input.ts";
import type { Output } from "../server/output.ts";
import { CHALLENGE_LINES } from "./authorization.ts";
import { PREFLIGHT_LINES } from "./cors.ts";
import { type Fields, interpretFields } from "./fields.ts";
import { hostOf, isServed } from "./host.ts";
import { type Head, HttpParser } from "./parser.ts";
import { Read, type Reply, RETRY_LINES, Told } from "./requests.ts";
import { Refusal } from "./refusal.ts";
import { Replies, type ReplyMode } from "./replies.ts";
import type { HttpOptions } from "./options.ts";
import { keyOf, splitTarget } from "./target.ts";

export type { HttpOptions } from "./options.ts";

/** Methods that are defined, but not for a key here; all others are unknown. */
const OTHER_METHODS = new Set(["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]);

const ALLOW = "Allow: GET, HEAD, OPTIONS\r\n";

/** What all connections that speak HTTP share. */
export class HttpSite {
  readonly replies: Replies;

  constructor(readonly options: HttpOptions) {
    this.replies = new Replies(options);
  }
}

/** The settings where there are none. */
const DEFAULTS: HttpOptions = {
  contentType: "application/octet-stream",
  maxAge: 0,
  corsOrigins: null,
  allowedHosts: null,
  credentials: new Credentials(DEFAULT_USER, null),
};

export class Http implements Protocol {
  readonly #parser: HttpParser<Fields>;

  constructor(readonly site: HttpSite = new HttpSite(DEFAULTS)) {
    const { options } = site;
    this.#parser = new HttpParser((fields, isHttp11) => interpretFields(fields, isHttp11, options));
  }

  next(input: Input): ClientRequest | undefined {
    const head = this.#parser.next(input);
    if (head === undefined) return undefined;
    if (head instanceof Refusal) return this.#refuse(head);
    const { line: { method, key }, fields } = head;
    if (method === "GET" && key !== null && fields.bar === null && fields.isServed) {
      return new Read(this.site.replies, key, fields, modeOf(head));
    }
    return this.#answer(head);
  }

  /** RFC 9110 section 15.5.9. */
  expire(output: Output): void {
    this.#refuse(new Refusal(408, "The request took too long to come")).reply(output);
  }

  /** RFC 9110 section 15.6.4. */
  turnAway(output: Output): void {
    const refusal = new Refusal(503, "Too many clients are connected");
    this.#refuse(refusal, RETRY_LINES).reply(output);
  }

  /** The requests that are not a plain GET. */
  #answer(head: Head<Fields>): ClientRequest {
    const { line: { method, key, target }, fields } = head;
    const { replies, options } = this.site;
    const mode = modeOf(head);
    const tell = (reply: Reply) => new Told(mode, reply);
    const { authority, path } = splitTarget(target);
    const host = authority === null ? null : hostOf(authority);
    if (authority !== null && host === null) return this.#refuse(BAD_AUTHORITY);
    if (!(host === null ? fields.isServed : isServed(host, options.allowedHosts))) {
      return tell((output, now) => replies.error(output, now, 421, "No such host here", mode));
    }
    if (method === "OPTIONS") {
      const lines = ALLOW + (fields.isPreflight && options.corsOrigins ? PREFLIGHT_LINES : "");
      return tell((output, now) => replies.empty(output, now, lines, mode));
    }
    if (method !== "GET" && method !== "HEAD") {
      const text = `Cannot ${method} a key: wanted GET or HEAD`;
      const isKnown = OTHER_METHODS.has(method);
      return tell((output, now) =>
        replies.error(output, now, isKnown ? 405 : 501, text, mode, isKnown ? ALLOW : "")
      );
    }
    if (fields.bar !== null) return tell(barReply(fields, replies, mode));
    const found = key ?? keyOf(path);
    if (found !== null) return new Read(replies, found, fields, mode);
    const text = "The target is not a path of valid percent-encoding: wanted /key";
    return tell((output, now) => replies.error(output, now, 400, text, mode));
  }

  #refuse({ status, reason }: Refusal, lines = ""): Told {
    const mode: ReplyMode = { isHead: false, last: true, lines: "", accept: null };
    const { replies } = this.site;
    return new Told(mode, (output, now) => replies.error(output, now, status, reason, mode, lines));
  }
}

const BAD_AUTHORITY = new Refusal(400, "The target names no host, or a user");

function barReply({ bar }: Fields, replies: Replies, mode: ReplyMode): Reply {
  return bar === "unauthorized"
    ? (output, now) => replies.error(output, now, 401, "Wanted the password", mode, CHALLENGE_LINES)
    : (output, now) =>
      replies.error(output, now, 417, "No expectation but 100-continue can be met", mode);
}

function modeOf({ line, fields: { mode }, isBodyLeft }: Head<Fields>): ReplyMode {
  if (line.method === "GET" && !isBodyLeft) return mode;
  return { ...mode, isHead: line.method === "HEAD", last: mode.last || isBodyLeft };
}
