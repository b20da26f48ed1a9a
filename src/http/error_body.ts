/**
 * Bodies of errors: a line of plain text, or a problem document for clients that prefer JSON.
 * Source: RFC 9457.
 *
 * @module
 */
import { accepts } from "@std/http/negotiation";
import { STATUS_TEXT, type StatusCode } from "@std/http/status";
import { Buffer } from "node:buffer";

const TEXT = "text/plain";
const PROBLEM = "application/problem+json";
const JSON_TYPE = "application/json";

/** The longest Accept field that is evaluated, far above what clients send. */
const ACCEPT_LENGTH = 1024;

/** Returns the media type and the body. */
export function errorBody(
  status: StatusCode,
  detail: string,
  accept: string | null,
): [type: string, body: Uint8Array] {
  if (!prefersJson(accept)) return [`${TEXT}; charset=utf-8`, Buffer.from(`${detail}\n`)];
  // Without a problem type, because the status says everything (RFC 9457 section 4.2.1).
  const problem = { title: STATUS_TEXT[status], status, detail };
  return [PROBLEM, Buffer.from(`${JSON.stringify(problem)}\n`)];
}

/**
 * A client that accepts neither gets plain text, which is better than nothing (RFC 9110 section
 * 12.4.1). The library takes 0xA0 for white space, so a field with bytes above ASCII is ignored.
 */
function prefersJson(accept: string | null): boolean {
  if (accept === null || accept.length > ACCEPT_LENGTH || !accept.includes("json")) return false;
  if (!/^[ -~\t]*$/.test(accept)) return false;
  const headers = new Headers({ accept });
  const best = accepts({ headers } as Request, TEXT, PROBLEM, JSON_TYPE);
  return best === PROBLEM || best === JSON_TYPE;
}
