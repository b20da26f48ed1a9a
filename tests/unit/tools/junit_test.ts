import { assertEquals } from "@std/assert";
import { readReport } from "../../../tools/junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="5" failures="2" errors="0" time="0.016">
  <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="2">
    <testcase name="a" classname="./a_test.ts" time="0.003" line="1" col="6">
      <failure message="1 test step failed">1 test step failed.</failure>
    </testcase>
    <testcase name="a &gt; b &amp;lt;" classname="./a_test.ts" time="0.001" line="1" col="37">
      <failure message="Uncaught Error: boom">Error: &quot;boom&quot;
    at file:///a_test.ts:1:59</failure>
    </testcase>
    <testcase name="a &gt; c" classname="./a_test.ts" time="0.000" line="1" col="95">
    </testcase>
  </testsuite>
  <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0"></testsuite>
</testsuites>`;

Deno.test("a JUnit report is counted, and its failures are listed", () => {
  assertEquals(readReport(REPORT), {
    passed: 2,
    failed: 2,
    failures: [
      "./a_test.ts: a\n    1 test step failed.",
      './a_test.ts: a > b &lt;\n    Error: "boom"\n        at file:///a_test.ts:1:59',
    ],
  });
});

Deno.test("a missing JUnit report counts nothing", () => {
  assertEquals(readReport(""), { passed: 0, failed: 0, failures: [] });
});
