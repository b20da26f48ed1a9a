/**
 * The lines of MONITOR. A client sees what clients have sent: not the handshakes, probes and
 * questions of the proxy. The proxy reads a missing value with PTTL and GETRANGE, which becomes the
 * `GET` of the client that missed it.
 *
 * Source: https://redis.io/docs/latest/commands/monitor/
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { purposeOf } from "../origin/wire/own_sockets.ts";

/** The time, the database and the client of a line, and the command. */
const LINE = /^(\+[\d.]+ \[\d+ (\S+)\] )(".*")\r\n$/;

/** A read of a whole small value: its key. Keys of probes begin with the name of the proxy. */
const READ = /^"GET(?:RANGE)?" ("(?!redis-proxy:)(?:[^"\\]|\\.)*")(?: "0" "\d+")?$/;

/** Commands of the proxy on connections for commands. */
const OWN = new RegExp(
  "^(?:" + [
    '"HELLO".*',
    '"PING"',
    '"COMMAND"',
    '"CLIENT" "(?:ID|INFO|SETNAME|SETINFO)".*',
    '"CONFIG" "GET" "proto-max-bulk-len"',
    '"PUBLISH" "redis-proxy:wait" ""',
    // Clients that select a database share connections that have selected it.
    '"(?:SELECT|select)" .*',
  ].join("|") + ")$",
);

/** Whether a line comes from MONITOR. Such a line begins with the time. */
export function isMonitorLine(bytes: Uint8Array, from: number): boolean {
  const next = bytes[from + 1]!;
  return bytes[from] === PLUS && next >= ZERO && next <= NINE;
}

/** Returns a line as clients see it; null to leave it out, and undefined to leave it as it is. */
export function shownLine(
  bytes: Uint8Array,
  from: number,
  to: number,
): Uint8Array | null | undefined {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
  const [, start, address, command] = LINE.exec(line) ?? [];
  if (start === undefined) return undefined;
  const purpose = purposeOf(address!);
  if (purpose === null) return undefined;
  if (purpose === "reads") {
    const key = READ.exec(command!)?.[1];
    return key === undefined ? null : Buffer.from(`${start}"GET" ${key}\r\n`, "latin1");
  }
  return OWN.test(command!) ? null : undefined;
}

const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;
