/**
 * The header that a load balancer sends before a client's own bytes, with the client's address: the
 * PROXY protocol, versions 1 and 2.
 * Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 *
 * @module
 */
import type { Input } from "./input.ts";
import type { Addresses } from "./peer.ts";

/** Longest header of version 1, its line break included, in bytes. */
const LINE_BYTES = 107;

/** Longest accepted header of version 2, in bytes. Load balancers send a few hundred. */
const HEADER_BYTES = 16 * 1024;

const SIGNATURE = new Uint8Array([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]);

/** Length of a header of version 2 before the addresses, in bytes. */
const FIXED_BYTES = 16;

const LF = 0x0a;

/** The ends of a connection from a header; null if it says to use those of the connection. */
export interface ProxyHeader {
  readonly peer: Addresses | null;
}

/**
 * Takes a header off the input.
 *
 * @returns The header, null if there is none, or `undefined` if it needs more bytes.
 */
export function takeProxyHeader(input: Input): ProxyHeader | null | undefined {
  return matches(input, SIGNATURE) === false ? takeLine(input) : takeBinary(input);
}

/**
 * Whether the input begins like a header; `undefined` if it needs more bytes. The PROXY command of
 * this program has other words after its name.
 */
export function beginsWithProxyHeader(input: Input): boolean | undefined {
  const isBinary = matches(input, SIGNATURE);
  if (isBinary !== false) return isBinary;
  const { start, end } = input;
  return /^PROXY (?:TCP[46]|UNKNOWN)[ \r]/.test(input.latin1(start, Math.min(end, start + 16)));
}

/** Whether the input begins with these bytes; `undefined` if it is too short. */
function matches({ bytes, start, end }: Input, wanted: Uint8Array): boolean | undefined {
  const length = Math.min(wanted.length, end - start);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== wanted[index]) return false;
  }
  return length === wanted.length ? true : undefined;
}

/** Version 1: a line of text. */
function takeLine(input: Input): ProxyHeader | null | undefined {
  const { bytes, start, end } = input;
  const line = input.latin1(start, Math.min(end, start + LINE_BYTES));
  if (!line.startsWith("PROXY ".slice(0, line.length))) return null;
  const lf = bytes.subarray(start, Math.min(end, start + LINE_BYTES)).indexOf(LF);
  if (lf < 0) return line.length < LINE_BYTES ? undefined : null;
  const header = parseLine(line.slice(0, lf + 1));
  if (header !== null) input.start += lf + 1;
  return header;
}

const LINE = /^PROXY (TCP[46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/;

function parseLine(line: string): ProxyHeader | null {
  // Text after UNKNOWN has no meaning.
  if (/^PROXY UNKNOWN(?: [^\r]*)?\r\n$/.test(line)) return { peer: null };
  const [, family, source, destination, sourcePort, destinationPort] = LINE.exec(line) ?? [];
  if (family === undefined) return null;
  const host = family === "TCP4" ? ipv4 : ipv6;
  const remote = endOf(host(source!), Number(sourcePort));
  const local = endOf(host(destination!), Number(destinationPort));
  return remote === null || local === null ? null : { peer: { remote, local } };
}

function endOf(host: string | null, port: number): string | null {
  return host === null || port > 65_535 ? null : `${host}:${port}`;
}

function ipv4(text: string): string | null {
  const parts = text.split(".");
  const isRight = parts.length === 4 &&
    parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  return isRight ? text : null;
}

/** In brackets, and in the short form (RFC 5952). */
function ipv6(text: string): string | null {
  const url = `http://[${text}]`;
  return /^[\da-f:.]+$/i.test(text) && URL.canParse(url) ? new URL(url).hostname : null;
}

/** Version 2: a signature, a version and command, a family, a length, and addresses in bytes. */
function takeBinary(input: Input): ProxyHeader | null | undefined {
  const { bytes, start, end } = input;
  if (end - start < FIXED_BYTES) return undefined;
  const command = bytes[start + 12]!;
  const family = bytes[start + 13]!;
  const length = FIXED_BYTES + bytes.readUInt16BE(start + 14);
  if ((command !== LOCAL && command !== PROXIED) || length > HEADER_BYTES) return null;
  if (end - start < length) return undefined;
  const header = command === LOCAL
    ? { peer: null }
    : parseAddresses(bytes.subarray(start + FIXED_BYTES, start + length), family);
  if (header !== null) input.start += length;
  return header;
}

/** Version 2, and the connection is the load balancer's own, such as a health check. */
const LOCAL = 0x20;

/** Version 2, and the connection serves a client. */
const PROXIED = 0x21;

/** TCP over IPv4 and IPv6. Other families have no address for the log. */
const TCP4 = 0x11;
const TCP6 = 0x21;

function parseAddresses(bytes: Uint8Array, family: number): ProxyHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (family) {
    case TCP4: {
      if (bytes.length < 12) return null;
      const host = (at: number) => bytes.subarray(at, at + 4).join(".");
      return {
        peer: {
          remote: `${host(0)}:${view.getUint16(8)}`,
          local: `${host(4)}:${view.getUint16(10)}`,
        },
      };
    }
    case TCP6: {
      if (bytes.length < 36) return null;
      const host = (at: number) =>
        ipv6(
          Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i).toString(16)).join(":"),
        );
      return {
        peer: {
          remote: `${host(0)}:${view.getUint16(32)}`,
          local: `${host(16)}:${view.getUint16(34)}`,
        },
      };
    }
    default:
      return { peer: null };
  }
}
