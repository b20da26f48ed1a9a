import { assert, assertEquals, assertMatch } from "@std/assert";
import { Later } from "../../../src/core/later.ts";
import { Log } from "../../../src/core/log.ts";
import { Failure } from "../../../src/core/types.ts";
import { LineFile } from "../../../src/insight/line_file.ts";
import { RequestLog } from "../../../src/insight/request_log.ts";
import { Output } from "../../../src/server/output.ts";
import { type ClientRequest, TAKE_OVER } from "../../../src/server/protocol.ts";
import { PEER } from "../../support/resp_context.ts";

const lookup = { get: () => null, together: <T>(read: () => T) => read(), explain: () => ({}) };

/** A log whose clock a test moves. */
function makeLog(slow = Infinity) {
  const lines: string[] = [];
  const warnings: string[] = [];
  const stats = { hits: 0 };
  const clock = { now: 0 };
  const log = new Log("info", "json", (line) => warnings.push(line));
  const file = new LineFile({
    write: (bytes) => {
      lines.push(...new TextDecoder().decode(bytes).trimEnd().split("\n"));
      return Promise.resolve(bytes.length);
    },
  }, log);
  const requests = new RequestLog({ file, slow }, stats, log, () => clock.now);
  return { requests, file, lines, warnings, stats, clock };
}

const SEEN = { protocol: "resp", peer: PEER, command: "GET", key: "key" } as const;

function request(found: unknown, reply = "+OK\r\n", more: Partial<ClientRequest> = {}) {
  return {
    last: false,
    read: () => found,
    reply: (output: Output) => output.latin1(reply),
    ...more,
  } as ClientRequest;
}

Deno.test("the access log has a line for each request, with a hash of the key", async () => {
  const { requests, file, lines, stats, clock } = makeLog();
  const hit = request(new Uint8Array(5), "$5\r\nvalue\r\n");
  requests.saw(hit, SEEN);
  const { read } = hit;
  hit.read = (...args) => {
    stats.hits++;
    return read.call(hit, ...args);
  };
  // The log sees the hit that the lookup counts.
  const counted = request(null, "$5\r\nvalue\r\n", {
    read: () => {
      stats.hits++;
      return new Uint8Array(5);
    },
  });
  requests.saw(counted, SEEN);
  counted.read(lookup, 0);
  clock.now = 1.2345;
  counted.reply(new Output(), null);
  await file.flush();
  const { time, key, ...rest } = JSON.parse(lines[0]!);
  assertMatch(time, /^20\d\d-.*Z$/);
  assertMatch(key, /^[0-9a-f]{16}$/);
  assertEquals(rest, {
    ...{ protocol: "resp", peer: PEER.remote, command: "get", result: "hit", bytes: 11 },
    ms: 1.235,
  });
  assert(!lines[0]!.includes('"key":"key"'));
});

Deno.test("the access log tells how each request was answered", async () => {
  const { requests, file, lines } = makeLog();
  const cases: [string, ClientRequest, unknown][] = [
    ["miss", request(Promise.resolve(null)), null],
    ["busy", request(Promise.resolve(null)), new Failure("busy", "Too many")],
    ["passed", request(new Later(), "", { way: "shared" }), new Uint8Array([0x2b])],
    ["error", request(new Later(), "", { way: "shared" }), new Uint8Array([0x2d])],
    ["private", request(TAKE_OVER), undefined],
    ["local", request(undefined), undefined],
    ["error", Object.assign(request(undefined), { bytes: new Uint8Array([0x2d]) }), undefined],
  ];
  for (const [, one, found] of cases) {
    requests.saw(one, { ...SEEN, key: null });
    if (one.read(lookup, 0) !== TAKE_OVER) one.reply(new Output(), found);
  }
  await file.flush();
  assertEquals(lines.map((line) => JSON.parse(line).result), cases.map(([result]) => result));
  assert(!lines.some((line) => "key" in JSON.parse(line)));
});

Deno.test("a reply in several parts is one line, at its end", async () => {
  const { requests, file, lines } = makeLog();
  let parts = 0;
  const long = request(undefined, "", {
    reply: (output: Output) => {
      output.latin1("x");
      return ++parts === 3;
    },
  });
  requests.saw(long, SEEN);
  long.read(lookup, 0);
  for (let part = 0; part < 3; part++) long.reply(new Output(), undefined);
  const streamed = request(new Later(), "", { way: "shared" });
  requests.saw(streamed, SEEN);
  streamed.read(lookup, 0);
  streamed.relayed!(1000);
  await file.flush();
  assertEquals(lines.map((line) => JSON.parse(line).bytes), [3, 1000]);
});

Deno.test("the slow log has the requests that take longer than its limit, and no others", async () => {
  const { requests, file, warnings, clock } = makeLog(10);
  for (const taken of [9, 10, 11]) {
    const one = request(Promise.resolve(null));
    requests.saw(one, SEEN);
    one.read(lookup, 0);
    clock.now += taken;
    one.reply(new Output(), null);
  }
  await file.flush();
  assertEquals(warnings.map((line) => JSON.parse(line).ms), [11]);
  assertEquals(JSON.parse(warnings[0]!).event, "Slow request");
});

Deno.test("a file that takes no lines costs lines and not memory, and the log says so", async () => {
  const warnings: string[] = [];
  const log = new Log("info", "text", (line) => warnings.push(line));
  const full = new LineFile({ write: () => Promise.reject(new Error("No space left")) }, log);
  full.add("lost");
  await full.flush();
  assertMatch(warnings[0]!, /Cannot write the access log why="No space left"/);
  for (let line = 0; line < 5000; line++) full.add("x".repeat(1000));
  await full.flush();
  assertMatch(warnings.at(-1)!, /Left out lines of the access log.* lines=\d+/);
});
