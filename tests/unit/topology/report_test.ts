/** What the log says of sentinels, and what is said to those who look for a master in vain. */
import { assertEquals, assertInstanceOf } from "@std/assert";
import { Log } from "../../../src/core/log.ts";
import { Refused } from "../../../src/origin/refusal.ts";
import { SentinelReport } from "../../../src/topology/sentinel/report.ts";

/** A report whose lines are kept as level and event. */
function reporting() {
  const lines: string[] = [];
  const clock = { now: 0 };
  const log = new Log("info", "json", (line) => {
    const { level, event, advice } = JSON.parse(line);
    lines.push([level, event, advice].filter(Boolean).join(" | "));
  });
  const report = new SentinelReport(log, "main", ["s1:1", "s2:1"], () => clock.now);
  return { lines, clock, report };
}

const silent = { kind: "silent", message: "ECONNREFUSED" } as const;
const refused = { kind: "refused", message: "AUTH: NOAUTH no" } as const;
const unknown = { kind: "unknown", message: "ERR No such master" } as const;
const place = { host: "h", port: 1 };

Deno.test("a sentinel that does not answer is an error only if no other does, said once a minute", () => {
  const { lines, clock, report } = reporting();
  report.failed(0, silent, [silent, null]);
  report.failed(0, silent, [silent, null]);
  report.failed(1, silent, [silent, silent]);
  clock.now = 60_000;
  report.failed(0, silent, [silent, null]);
  const advice = "Check the sentinels in --redis-url";
  assertEquals(lines, [
    `warn | A sentinel does not answer | ${advice}`,
    `error | A sentinel does not answer | ${advice}`,
    `warn | A sentinel does not answer | ${advice}`,
  ]);
});

Deno.test("a wrong name and a missing password are errors that say what to check", () => {
  const { lines, report } = reporting();
  report.failed(0, unknown, [unknown, null]);
  report.failed(1, refused, [null, refused]);
  assertEquals(lines, [
    'error | A sentinel does not know the master | Check the name of the master in --redis-url: it says "main"',
    "error | A sentinel refuses this proxy | Check --sentinel-user and RP_SENTINEL_PASSWORD",
  ]);
});

Deno.test("sentinels that disagree for longer than a failover takes, are too few, or too hasty", () => {
  const { lines, clock, report } = reporting();
  for (; clock.now < 5000; clock.now += 100) report.disagreement(["s1: a", "s2: b"]);
  assertEquals(lines, []);
  report.disagreement(["s1: a", "s2: b"]);
  const known = { place, epoch: 1, sentinels: 3, downAfter: 400 };
  report.answered(0, known, { lease: 1000 });
  report.answered(0, known, { lease: 1000 });
  assertEquals(lines.map((line) => line.slice(0, 50)), [
    "warn | The sentinels disagree",
    "warn | There are more sentinels than --redis-url l",
    "warn | The sentinels may take a master for down th",
  ]);
});

Deno.test("the most telling reason is given to those who look for a master", () => {
  const { report } = reporting();
  const said = (...args: Parameters<SentinelReport["missing"]>) => report.missing(...args).message;
  assertEquals(said([silent, silent], []), "no sentinel answers: s1:1: ECONNREFUSED");
  assertEquals(said([silent, unknown], []), "sentinel s2:1: ERR No such master");
  assertEquals(said([refused, silent], []), "sentinel s1:1: AUTH: NOAUTH no");
  assertEquals(said([null, silent], ["s1:1: a"]), "too few of 2 sentinels name a master: s1:1: a");
  assertEquals(said([null, null], ["s1: a", "s2: b"]), "the sentinels disagree: s1: a; s2: b");
  // Only what somebody has to change is a refusal.
  assertInstanceOf(report.missing([silent, unknown], []), Refused);
  assertEquals(report.missing([silent, silent], []) instanceof Refused, false);
});
