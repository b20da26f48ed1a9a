import { assertEquals, assertMatch } from "@std/assert";
import { Log, LOG_LEVELS, type LogFormat, type LogLevel } from "../../../src/core/log.ts";

function logged(level: LogLevel, format: LogFormat, act: (log: Log) => void): string[] {
  const lines: string[] = [];
  act(new Log(level, format, (line) => lines.push(line)));
  return lines;
}

Deno.test("Log writes each level and those before it", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const lines = logged(level, "json", (log) => LOG_LEVELS.forEach((name) => log[name](name)));
    assertEquals(lines.map((line) => JSON.parse(line).level), LOG_LEVELS.slice(0, index + 1));
  }
});

Deno.test("Log writes one line an event as text, whatever is in it", () => {
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

Deno.test("Log writes one line an event as JSON, with the fields by name", () => {
  const lines = logged("info", "json", (log) => log.warn("Odd", { why: 'a\n"b"', count: 2 }));
  assertEquals(lines.length, 1);
  assertEquals(lines[0]!.includes("\n"), false);
  const { time, ...rest } = JSON.parse(lines[0]!);
  assertEquals(rest, { level: "warn", event: "Odd", why: 'a\n"b"', count: 2 });
  assertEquals(new Date(time).toISOString(), time);
});
