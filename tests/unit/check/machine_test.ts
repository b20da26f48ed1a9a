import { assert, assertEquals } from "@std/assert";
import { checkMachine } from "../../../src/check/machine.ts";
import { reportJson, reportText } from "../../../src/check/report.ts";
import { error, ok, warning } from "../../../src/check/finding.ts";
import { parseConfig } from "../../../src/config/mod.ts";

const MB = 1024 * 1024;

/** The finding about memory with a limit in megabytes. */
function memory(limit: number | null, ...args: string[]) {
  const config = parseConfig(args, {}, () => "");
  const limits = { openFiles: null, memory: limit === null ? null : limit * MB };
  return checkMachine(config, limits).find(({ about }) => about === "memory")!;
}

Deno.test("check explains a memory limit that given settings exceed, and no other", () => {
  assertEquals(memory(null).level, "ok");
  assertEquals(memory(256).level, "ok");
  const much = memory(256, "--cache-memory", "1gb");
  assertEquals(much.level, "warning");
  assert(/limit is 256 MB/.test(much.found) && /MemoryMax=1\d\d\dM/.test(much.fix!), much.fix!);
  assertEquals(memory(48).level, "warning");
});

Deno.test("a report has a line for each finding, then its fix, then the counts", () => {
  const findings = [
    ok("port", "Free"),
    warning("TCP", "Slow", "wait"),
    error("login", "No", "yes"),
  ];
  assertEquals(
    reportText(findings),
    `ok       port   Free
warning  TCP    Slow
                fix: wait
error    login  No
                fix: yes
1 error, 1 warning
`,
  );
  const { errors, warnings } = JSON.parse(reportJson(findings));
  assertEquals([errors, warnings], [1, 1]);
});
