import { assertEquals, assertMatch } from "@std/assert";
import { Log, LOG_LEVELS, type LogFormat, type LogLevel } from "../../../src/core/log.ts";
import { LogLimit } from "../../../src/core/log_limit.ts";

function logged(level: LogLevel, format: LogFormat, act: (log: Log) => void): string[] {
  const lines: string[] = [];
  act(new Log(level, format, (line) => lines.push(line)));
  return lines;
}

Deno.test("Log writes its level and the more important ones", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const lines = logged(level, "json", (log) => LOG_LEVELS.forEach((name) => log[name](name)));
    assertEquals(lines.map((line) => JSON.parse(line).level), LOG_LEVELS.slice(0, index + 1));
  }
});

Deno.test("Log writes one line per event as text, whatever the fields contain", () => {
  const fields = {
    port: 8080,
    ok: true,
    plain: "a/b",
    odd: 'two words\n"quoted"\x1b[0m',
    none: "",
  };
  const [line, more] = logged("info", "text", (log) => log.info("Something happened", fields));
  assertEquals(more, undefined);
  assertMatch(line!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info {2}Something happened /);
  assertEquals(
    line!.slice(line!.indexOf("port=")),
    String.raw`port=8080 ok=true plain=a/b odd="two words\n\"quoted\"\u001b[0m" none=""`,
  );
});

Deno.test("Log writes one line per event as JSON, with the fields by name", () => {
  const lines = logged("info", "json", (log) => log.warn("Odd", { why: 'a\n"b"', count: 2 }));
  assertEquals(lines.length, 1);
  assertEquals(lines[0]!.includes("\n"), false);
  const { time, ...rest } = JSON.parse(lines[0]!);
  assertEquals(rest, { level: "warn", event: "Odd", why: 'a\n"b"', count: 2 });
  assertEquals(new Date(time).toISOString(), time);
});

Deno.test("Log limits the lines of one event, and reports how many it left out", async () => {
  const lines: string[] = [];
  const log = new Log("debug", "text", (line) => lines.push(line), { lines: 3, period: 250 });
  for (let count = 0; count < 3; count++) log.info("Odd");
  assertEquals(lines.length, 3);
  for (let count = 0; count < 500; count++) log.info("Odd");
  log.error("Other");
  for (let count = 0; count < 9; count++) log.debug("Detail");
  assertEquals(lines.length, 3 + 1 + 9);
  while (lines.length < 14) await new Promise((resolve) => setTimeout(resolve, 5));
  assertMatch(lines.at(-1)!, / warn {2}Left out repeated lines of=Odd lines=500$/);
  log.info("Odd");
  assertMatch(lines.at(-1)!, / info {2}Odd$/);
});

Deno.test("Log.flush() reports the lines left out, and nothing if there are none", () => {
  const lines: string[] = [];
  const log = new Log("info", "text", (line) => lines.push(line), { lines: 1, period: 60_000 });
  log.info("Odd");
  log.flush();
  assertEquals(lines.length, 1);
  log.info("Odd");
  log.info("Odd");
  log.flush();
  assertEquals(lines.map((line) => line.slice(31)), [
    "Odd",
    "Odd",
    "Left out repeated lines of=Odd lines=1",
  ]);
});

Deno.test("LogLimit begins a new period after the old one, even if no timer has fired", () => {
  const ends: [string, number][] = [];
  const limit = new LogLimit({ lines: 2, period: 1000 }, (...end) => ends.push(end));
  assertEquals([0, 1, 2, 999, 1000, 1001, 1002].map((now) => limit.take("a", now)), [
    ...[true, true, false, false],
    ...[true, true, false],
  ]);
  assertEquals(ends, [["a", 2]]);
  limit.flush();
  assertEquals(ends, [["a", 2], ["a", 1]]);
});
