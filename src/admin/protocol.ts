/**
 * The admin pages as a protocol of this program's own server, which limits the number of clients
 * and their time. Deno's HTTP server does neither, and ends if the process runs out of descriptors.
 *
 * @module
 */
import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import type { Credentials } from "../core/credentials.ts";
import { HttpDate } from "../http/date.ts";
import { type Fields, interpretFields } from "../http/fields.ts";
import { type Head, HttpParser } from "../http/parser.ts";
import { Refusal } from "../http/refusal.ts";
import { isHeadRequest } from "../http/request_line.ts";
import type { Input } from "../server/input.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest, Protocol } from "../server/protocol.ts";
import type { LiveStreams } from "./live/stream.ts";
import { type AdminSources, answer, type Page, refuse } from "./routes.ts";

const TOO_SLOW = new Refusal(STATUS_CODE.RequestTimeout, "The request took too long to arrive");
const TOO_MANY = new Refusal(STATUS_CODE.ServiceUnavailable, "Too many clients are connected");

const date = new HttpDate();

/** The fields of a request, and whether a page in a browser may have made it. */
interface AdminFields extends Fields {
  readonly isFromPage: boolean;
}

export class AdminProtocol implements Protocol {
  readonly #parser: HttpParser<AdminFields>;

  /**
   * @param streams The streams of all clients.
   * @param allowedHosts The only hosts that requests may name; null for any.
   */
  constructor(
    readonly sources: AdminSources,
    readonly streams: LiveStreams,
    credentials: Credentials,
    allowedHosts: readonly string[] | null = null,
  ) {
    const options = {
      contentType: "",
      maxAge: 0,
      corsOrigins: null,
      allowedHosts,
      keys: null,
      ban: null,
      mayRefresh: true,
      credentials,
    };
    this.#parser = new HttpParser(
      (raw, isHttp11) => {
        const fields = interpretFields(raw, isHttp11, options);
        return fields instanceof Refusal ? fields : { ...fields, isFromPage: raw.has("origin") };
      },
      options.credentials,
    );
  }

  next(input: Input): ClientRequest | undefined {
    const head = this.#parser.next(input);
    if (head === undefined) return undefined;
    return head instanceof Refusal ? refused(head, input) : this.#request(head);
  }

  expire(output: Output, input: Input): void {
    refused(TOO_SLOW, input).reply(output);
  }

  turnAway(output: Output, input: Input): void {
    refused(TOO_MANY, input).reply(output);
  }

  #request({ line, fields, isBodyLeft }: Head<AdminFields>): ClientRequest {
    const { bar, mode, isFromPage } = fields;
    const { method, key } = line;
    const target = key === null ? line.target : `/${key}`;
    const isAuthorized = bar !== "unauthorized";
    const { isHostAllowed } = fields;
    if (target === "/events" && method === "GET" && isAuthorized && isHostAllowed) {
      return this.streams.open() ?? tooManyStreams();
    }
    const request = {
      method,
      target,
      isAuthorized,
      isHostAllowed,
      isFromPage,
      accept: mode.accept,
    };
    const page = answer(request, this.sources);
    return new AdminReply(page, method === "HEAD", mode.last || isBodyLeft, mode.lines);
  }
}

function tooManyStreams(): AdminReply {
  const why = "Too many live pages are open: wanted at most 8";
  return new AdminReply(
    refuse({ accept: null }, STATUS_CODE.ServiceUnavailable, why),
    false,
    true,
    "",
  );
}

/** The answer to a malformed or refused request; it is the connection's last. */
function refused({ status, reason }: Refusal, input: Input): AdminReply {
  return new AdminReply(refuse({ accept: null }, status, reason), isHeadRequest(input), true, "");
}

class AdminReply implements ClientRequest {
  constructor(
    readonly page: Page,
    readonly isHead: boolean,
    readonly last: boolean,
    readonly lines: string,
  ) {}

  read(): undefined {}

  reply(output: Output): void {
    const { status, type, body, lines } = this.page;
    const close = this.last ? "Connection: close\r\n" : "";
    output.latin1(
      `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\nDate: ${date.at(performance.now())}\r\n` +
        `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\nCache-Control: no-store\r\n` +
        `${lines}${this.lines}${close}\r\n`,
    );
    if (!this.isHead) output.bytes(body);
  }
}
