/** What the log says of the connection to Redis, and in whose words. */
import { assertEquals } from "@std/assert";
import { Log } from "../../../src/core/log.ts";
import { attemptPause, upgradePause } from "../../../src/origin/pauses.ts";
import { Declined, Refused } from "../../../src/origin/refusal.ts";
import { LinkReport } from "../../../src/origin/report.ts";
import { inOurWords } from "../../../src/origin/words.ts";

/** A report whose lines are kept as level and event. */
function reporting() {
  const lines: string[] = [];
  const clock = { now: 0 };
  const log = new Log("info", "json", (line) => {
    const { level, event, why } = JSON.parse(line);
    lines.push([level, event, why].filter(Boolean).join(" | "));
  });
  return { clock, lines, report: new LinkReport(log, "redis://h:1/0", () => clock.now) };
}

Deno.test("LinkReport.lost() logs a loss once, and again each minute", () => {
  const { clock, lines, report } = reporting();
  const loss = { reason: "away", message: "gone" } as const;
  for (; clock.now < 150_000; clock.now += 1000) {
    report.lost(loss);
    report.lost({ ...loss, message: "or not" });
  }
  const wanted = ["gone", "or not"].map((why) => `error | No connection to Redis | ${why}`);
  assertEquals(lines, [...wanted, ...wanted, ...wanted]);
});

Deno.test("LinkReport.lost() logs an error before the first connection, and if Redis refuses", () => {
  const { lines, report } = reporting();
  report.lost({ reason: "unready", message: "LOADING" });
  report.connected("tracked", "inline");
  report.lost({ reason: "away", message: "gone" });
  report.lost({ reason: "refused", message: "SELECT 5: NOPERM", advice: "Grant it" });
  assertEquals(lines, [
    "warn | No connection to Redis | LOADING",
    "info | Connected to Redis",
    "warn | No connection to Redis | gone",
    "error | Redis refuses this proxy: no key is read until that is put right | SELECT 5: NOPERM",
  ]);
});

Deno.test("LinkReport logs refused optional steps once, until they change", () => {
  const { lines, report } = reporting();
  for (let time = 0; time < 3; time++) {
    report.declined([new Declined("INFO", "NOPERM"), new Declined("INFO", "NOPERM")]);
    report.password(false);
    report.untold("CLIENT ID: NOPERM", true);
  }
  report.untold("CLIENT LIST: NOPERM", true);
  report.connected("tracked", "inline");
  report.untold("CLIENT LIST: NOPERM", true);
  assertEquals(lines, [
    "info | Redis refuses some optional steps | INFO: NOPERM",
    "warn | Redis wants no password: the given one is not used",
    "warn | Redis announces no changes: values stay until their time is up | CLIENT ID: NOPERM",
    "warn | Redis announces no changes: values stay until their time is up | CLIENT LIST: NOPERM",
    "info | Connected to Redis",
    "warn | Redis announces no changes: values stay until their time is up | CLIENT LIST: NOPERM",
  ]);
});

Deno.test("inOurWords() replaces the sentences of ioredis, and keeps others", () => {
  const table: [string, string][] = [
    ["Connection is closed.", "Redis closed the connection"],
    [
      "Stream isn't writeable and enableOfflineQueue options is false",
      "Redis closed the connection",
    ],
    [
      'Unknown RESP type 72 "H". Please report this.',
      "what answers there does not speak Redis's protocol",
    ],
    ["getaddrinfo ENOTFOUND nowhere.example", "no host is named nowhere.example"],
    ["connect ECONNREFUSED 127.0.0.1:1", "connect ECONNREFUSED 127.0.0.1:1"],
  ];
  for (const [theirs, ours] of table) assertEquals(inOurWords(new Error(theirs)).message, ours);
  const unasked = inOurWords(
    new Error(
      "Command queue state error. If you can reproduce this, please report it. Last error: ERR max number of clients reached",
    ),
  );
  assertEquals([unasked instanceof Refused, (unasked as Refused).isPassing], [true, true]);
  assertEquals((unasked as Refused).reply, "ERR max number of clients reached");
});

Deno.test("pauses grow with each failure up to a bound, with jitter, longer if Redis refuses and shorter if it is not ready", () => {
  const away = { reason: "away", message: "" } as const;
  const isWithin = (pause: number, bound: number) => pause >= bound / 2 && pause <= bound;
  for (const [failures, bound] of [[0, 50], [1, 100], [4, 800], [5, 1000], [1000, 1000]] as const) {
    assertEquals(isWithin(attemptPause(failures, away), bound), true, `${failures}`);
  }
  assertEquals(isWithin(attemptPause(0, { ...away, reason: "refused" }), 2000), true);
  for (const [failures, bound] of [[0, 50], [2, 200], [3, 200], [1000, 200]] as const) {
    assertEquals(isWithin(attemptPause(failures, { ...away, reason: "unready" }), bound), true);
  }
  for (const [attempts, bound] of [[0, 5000], [3, 40_000], [4, 60_000], [99, 60_000]] as const) {
    assertEquals(isWithin(upgradePause(attempts), bound), true, `${attempts}`);
  }
});
