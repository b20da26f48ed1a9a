import { assert, assertEquals } from "@std/assert";
import { SilenceWatch } from "../../../src/origin/watch.ts";

const TIMEOUT = 40;

Deno.test("SilenceWatch calls if a read waits and no byte comes within the timeout", async () => {
  const sent = performance.now();
  await new Promise<void>((resolve) => {
    const watch = new SilenceWatch(TIMEOUT, () => 0, () => {
      watch.settled();
      watch.close();
      resolve();
    });
    watch.sent();
  });
  assert(performance.now() - sent >= TIMEOUT);
});

Deno.test("SilenceWatch is quiet while bytes come, however long the read takes", async () => {
  let received = 0;
  let calls = 0;
  let enough = () => {};
  const watch = new SilenceWatch(TIMEOUT, () => {
    // It looks four times within a time-out.
    if (++received === 12) enough();
    return received;
  }, () => calls++);
  watch.sent();
  await new Promise<void>((resolve) => enough = resolve);
  watch.settled();
  watch.close();
  assertEquals(calls, 0);
});

Deno.test("SilenceWatch has no timer while nothing waits", async () => {
  let looks = 0;
  const watch = new SilenceWatch(TIMEOUT, () => ++looks, () => {});
  watch.sent();
  watch.settled();
  // The sanitizers of the test runner find a timer that is left.
  await new Promise((resolve) => setTimeout(resolve, TIMEOUT));
  assertEquals(looks, 0);
});
