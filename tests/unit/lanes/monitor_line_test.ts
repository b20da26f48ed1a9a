import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { isMonitorLine, shownLine } from "../../../src/lanes/monitor_line.ts";
import { forgetSocket, noteSocket } from "../../../src/origin/wire/own_sockets.ts";

function socketAt(hostname: string, port: number) {
  return { localAddr: { transport: "tcp" as const, hostname, port } };
}

const READS = socketAt("10.0.0.1", 1001);
const COMMANDS = socketAt("::1", 1002);

/** Returns the command that a client sees; null for none. */
function shown(where: string, command: string): string | null {
  noteSocket(READS, "reads");
  noteSocket(COMMANDS, "commands");
  const start = `+1700000000.000001 [${where}] `;
  const text = `${start}${command}\r\n`;
  // Lines lie anywhere in the memory of a read.
  const bytes = Buffer.from(`+OK\r\n${text}+more`, "latin1");
  assertEquals(isMonitorLine(bytes, 5), true);
  const line = shownLine(bytes, 5, 5 + text.length);
  if (line === null) return null;
  const seen = line === undefined ? text : Buffer.from(line).toString("latin1");
  assertEquals(seen.startsWith(start) && seen.endsWith("\r\n"), true);
  return seen.slice(start.length, -2);
}

Deno.test("MONITOR shows commands of clients that do not belong to the proxy unchanged", () => {
  for (const command of ['"HELLO" "3"', '"PTTL" "k"', '"GETRANGE" "k" "0" "65536"', '"PING"']) {
    assertEquals(shown("0 10.0.0.1:1003", command), command);
    assertEquals(shown("0 lua", command), command);
    assertEquals(shown("0 unix:/tmp/redis.sock", command), command);
  }
});

Deno.test("MONITOR shows a read of the proxy as the GET of a client", () => {
  const reads = "0 10.0.0.1:1001";
  for (
    const key of ['"k"', '""', '"a \\"quoted\\" key"', '"\\xff\\r\\n"', '"\\\\"', '"redis-proxy"']
  ) {
    assertEquals(shown(reads, `"GETRANGE" ${key} "0" "65536"`), `"GET" ${key}`);
    assertEquals(shown(reads, `"GET" ${key}`), `"GET" ${key}`);
    assertEquals(shown(reads, `"PTTL" ${key}`), null);
  }
});

Deno.test("MONITOR shows no other command of a connection for reads", () => {
  const commands = [
    '"HELLO" "3"',
    '"CLIENT" "TRACKINGINFO"',
    '"ROLE"',
    '"INFO" "commandstats"',
    '"GET" "redis-proxy:probe:1"',
    '"GETRANGE" "redis-proxy:probe:1" "0" "0"',
    '"GETRANGE" "k" "65537" "131072"',
    '"STRLEN" "k"',
    '"MULTI"',
  ];
  for (const command of commands) assertEquals(shown("3 10.0.0.1:1001", command), null);
});

Deno.test("MONITOR shows a client's commands on a connection for commands, and none of the proxy", () => {
  const commands = "0 [::1]:1002";
  const own = [
    '"HELLO" "3"',
    '"PING"',
    '"COMMAND"',
    '"CLIENT" "ID"',
    '"CLIENT" "SETNAME" "redis-proxy-spare"',
    '"CLIENT" "SETINFO" "LIB-NAME" "x"',
    '"CONFIG" "GET" "proto-max-bulk-len"',
    '"PUBLISH" "redis-proxy:wait" ""',
    '"SELECT" "5"',
    '"select" "5"',
  ];
  for (const command of own) assertEquals(shown(commands, command), null);
  const others = [
    '"set" "k" "v"',
    '"PUBLISH" "news" ""',
    '"COMMAND" "DOCS"',
    '"CLIENT" "LIST"',
    '"GETRANGE" "k" "0" "65536"',
    '"PTTL" "k"',
  ];
  for (const command of others) assertEquals(shown(commands, command), command);
});

Deno.test("MONITOR shows commands from an address that the proxy no longer has", () => {
  assertEquals(shown("0 10.0.0.1:1001", '"ROLE"'), null);
  forgetSocket(READS);
  const line = Buffer.from('+1.1 [0 10.0.0.1:1001] "ROLE"\r\n');
  assertEquals(shownLine(line, 0, line.length), undefined);
});
