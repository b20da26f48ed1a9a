/**
 * HTTP replies: heads and bodies appended to an output. Source: RFC 9110 and 9112.
 *
 * @module
 */
import { STATUS_TEXT, type StatusCode } from "@std/http/status";
import { Buffer } from "node:buffer";
import type { Output } from "../output.ts";

/** How a reply leaves the connection, and whether its body is left out (HEAD). */
export interface ReplyMode {
  readonly isHead: boolean;
  readonly last: boolean;
  /** A client of HTTP/1.0 keeps the connection only when it asked to and is told so. */
  readonly isHttp11: boolean;
}

/** Appends a reply with a value as its body. */
export function writeFound(output: Output, value: Uint8Array, mode: ReplyMode): void {
  writeHead(output, 200, value.length, "Content-Type: application/octet-stream\r\n", mode);
  if (!mode.isHead) output.bytes(value);
}

/** Appends a reply whose body is one line of plain text; `fields` are whole lines. */
export function writeText(
  output: Output,
  status: StatusCode,
  text: string,
  mode: ReplyMode,
  fields = "",
): void {
  const body = Buffer.from(`${text}\n`);
  writeHead(
    output,
    status,
    body.length,
    `Content-Type: text/plain; charset=utf-8\r\n${fields}`,
    mode,
  );
  if (!mode.isHead) output.bytes(body);
}

function writeHead(
  output: Output,
  status: StatusCode,
  length: number,
  fields: string,
  { last, isHttp11 }: ReplyMode,
): void {
  const connection = last ? "Connection: close\r\n" : isHttp11 ? "" : "Connection: keep-alive\r\n";
  output.latin1(
    `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\nContent-Length: ${length}\r\n` +
      `X-Content-Type-Options: nosniff\r\n${fields}${connection}\r\n`,
  );
}
