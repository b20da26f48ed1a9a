/**
 * HTTP as a protocol of this server: `GET /key` reads a key, and each outcome has its status.
 * Source: RFC 9110 for methods and statuses, RFC 9112 for the connection.
 *
 * @module
 */
import type { ClientRequest, Protocol } from "../server/protocol.ts";
import { Credentials, DEFAULT_USER } from "../core/credentials.ts";
import type { Key } from "../core/types.ts";
import type { Input } from "../server/input.ts";
import type { Output } from "../server/output.ts";
import { CHALLENGE_LINES } from "./authorization.ts";
import { PREFLIGHT_LINES } from "./cors.ts";
import { type Fields, interpretFields, KEEP_ALIVE } from "./fields.ts";
import { hostOf, isServed } from "./host.ts";
import { type Head, HttpParser } from "./parser.ts";
import { isHeadRequest } from "./request_line.ts";
import { Read, type Reply, RETRY_LINES, Told } from "./requests.ts";
import { Refusal } from "./refusal.ts";
import { Replies, type ReplyMode } from "./replies.ts";
import type { HttpOptions } from "./options.ts";
import { WELCOME } from "./welcome.ts";
import { BAD_ESCAPE, keyOf, readTarget } from "./target.ts";

export type { HttpOptions } from "./options.ts";

/** Methods that are defined but not allowed for keys; all others are unknown. */
const OTHER_METHODS = new Set(["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]);

const ALLOW = "Allow: GET, HEAD, OPTIONS\r\n";

/** The parts that all HTTP connections share. */
export class HttpSite {
  readonly replies: Replies;

  constructor(readonly options: HttpOptions) {
    this.replies = new Replies(options);
  }
}

/** The default settings. */
const DEFAULTS: HttpOptions = {
  contentType: "application/octet-stream",
  maxAge: 0,
  corsOrigins: null,
  allowedHosts: null,
  keys: null,
  mayRefresh: true,
  credentials: new Credentials(DEFAULT_USER, null),
};

export class Http implements Protocol {
  readonly #parser: HttpParser<Fields>;
  #isDraining = false;

  constructor(readonly site: HttpSite = new HttpSite(DEFAULTS)) {
    const { options } = site;
    this.#parser = new HttpParser(
      (fields, isHttp11) => interpretFields(fields, isHttp11, options),
      options.credentials,
    );
  }

  next(input: Input): ClientRequest | undefined {
    const head = this.#parser.next(input);
    if (head === undefined) return undefined;
    if (head instanceof Refusal) return this.#refuse(head, input);
    const { line: { method, key }, fields } = head;
    const isPlain = method === "GET" && key !== null && key !== "";
    if (isPlain && fields.bar === null && fields.isServed && this.#mayRead(key)) {
      return new Read(this.site.replies, key, fields, modeOf(head, this.#isDraining));
    }
    return this.#answer(head);
  }

  /** The last reply must announce the end of the connection (RFC 9112 section 9.6). */
  drain(): void {
    this.#isDraining = true;
  }

  /** RFC 9110 section 15.5.9. */
  expire(output: Output, input: Input): void {
    this.#refuse(new Refusal(408, "The request took too long to come"), input).reply(output);
  }

  /** RFC 9110 section 15.6.4. */
  turnAway(output: Output, input: Input): void {
    const refusal = new Refusal(503, "Too many clients are connected");
    this.#refuse(refusal, input, RETRY_LINES).reply(output);
  }

  /** Answers requests other than a plain GET. */
  #answer(head: Head<Fields>): ClientRequest {
    const { line: { method, key, target }, fields } = head;
    const { replies, options } = this.site;
    const mode = modeOf(head, this.#isDraining);
    const tell = (reply: Reply) => new Told(mode, reply);
    let found = key;
    let isRoot = key === "";
    let { isServed: isHostServed } = fields;
    // Only these two methods have targets that name no key (RFC 9112 section 3.2).
    if (key === null && method !== "CONNECT" && !(method === "OPTIONS" && target === "*")) {
      const parts = readTarget(target);
      if (typeof parts === "string") return this.#end(parts, mode);
      const { authority, path } = parts;
      if (authority !== null) {
        const host = hostOf(authority);
        // An http URI must have a host (RFC 9110 section 4.2.1).
        if (host === null || host === "") return this.#end(NO_HOST, mode);
        isHostServed = isServed(host, options.allowedHosts);
      }
      found = keyOf(path);
      isRoot = path === "/";
      if (found === null) return this.#end(BAD_ESCAPE, mode);
    }
    if (!isHostServed) {
      return tell((output, now) => replies.error(output, now, 421, "No such host here", mode));
    }
    if (method === "OPTIONS") {
      const lines = ALLOW + (fields.isPreflight && options.corsOrigins ? PREFLIGHT_LINES : "");
      return tell((output, now) => replies.empty(output, now, lines, mode));
    }
    if (found === null || (method !== "GET" && method !== "HEAD")) {
      const text = `Cannot ${method} a key: wanted GET or HEAD`;
      const isKnown = OTHER_METHODS.has(method);
      return tell((output, now) =>
        replies.error(output, now, isKnown ? 405 : 501, text, mode, isKnown ? ALLOW : "")
      );
    }
    if (fields.bar !== null) return tell(barReply(fields, replies, mode));
    if (isRoot) return tell((output, now) => replies.page(output, now, WELCOME, mode));
    if (!this.#mayRead(found)) {
      return tell((output, now) => replies.error(output, now, 403, NOT_OVER_HTTP, mode));
    }
    return new Read(replies, found, fields, mode);
  }

  #mayRead(key: Key): boolean {
    const { keys } = this.site.options;
    return keys === null || keys.has(key);
  }

  /** Refuses a target. The connection ends, as after every malformed request. */
  #end(why: string, mode: ReplyMode): Told {
    const last = { ...mode, last: true };
    return new Told(
      last,
      (output, now) => this.site.replies.error(output, now, 400, why, last),
    );
  }

  /** Refuses the request at the start of the input, complete or not. */
  #refuse({ status, reason }: Refusal, input: Input, lines = ""): Told {
    const mode: ReplyMode = { isHead: isHeadRequest(input), last: true, lines: "", accept: null };
    const { replies } = this.site;
    return new Told(mode, (output, now) => replies.error(output, now, status, reason, mode, lines));
  }
}

const NOT_OVER_HTTP = "This key may not be read over HTTP: --http-keys does not name it";
const NO_HOST = "The target does not name a host";

function barReply({ bar }: Fields, replies: Replies, mode: ReplyMode): Reply {
  return bar === "unauthorized"
    ? (output, now) => replies.error(output, now, 401, "Wanted the password", mode, CHALLENGE_LINES)
    : (output, now) =>
      replies.error(output, now, 417, "No expectation but 100-continue can be met", mode);
}

function modeOf(
  { line, fields: { mode }, isBodyLeft }: Head<Fields>,
  isEnding: boolean,
): ReplyMode {
  const last = mode.last || isBodyLeft || isEnding;
  if (line.method === "GET" && last === mode.last) return mode;
  const lines = last ? mode.lines.replace(KEEP_ALIVE, "") : mode.lines;
  return { ...mode, isHead: line.method === "HEAD", last, lines };
}
