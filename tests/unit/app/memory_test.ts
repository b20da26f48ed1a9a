import { assert, assertEquals } from "@std/assert";
import { fitMemory } from "../../../src/app/memory_fit.ts";
import { MemoryGuard } from "../../../src/app/memory_guard.ts";
import { parseConfig } from "../../../src/config/mod.ts";
import { Log } from "../../../src/core/log.ts";
import { garbageCollector } from "../../../src/system/garbage.ts";

const MB = 1024 * 1024;
const SIZED = ["cache-memory", "reply-memory", "large-memory", "max-request"] as const;

/** The sizes in bytes for a limit in megabytes, and the log. */
function fit(limit: number | null, ...args: string[]) {
  const lines: string[] = [];
  const log = new Log("info", "text", (line) => lines.push(line.slice(25)));
  const config = parseConfig(args, {}, () => "");
  const { values } = fitMemory(config, limit === null ? null : limit * MB, log);
  return { values, lines, defaults: config.values };
}

Deno.test("fitMemory() keeps the defaults without a limit, or with one that is high enough", () => {
  for (const limit of [null, 2048, 100_000]) {
    const { values, lines, defaults } = fit(limit);
    assertEquals([values, lines], [defaults, []]);
  }
});

Deno.test("fitMemory() makes all defaults fit a low limit together, and says so in one line", () => {
  let before = 0;
  for (const limit of [96, 128, 192, 256, 512]) {
    const { values, lines } = fit(limit);
    const held = SIZED.reduce((sum, flag) => sum + values[flag], values["max-clients"] * 12 * 1024);
    assert(held <= Math.max(limit - 88, 16) * MB, `${held} bytes of ${limit} MB`);
    assert(values["cache-memory"] > before || before === 64 * MB, `${limit} MB`);
    before = values["cache-memory"];
    assertEquals(lines.length, 1);
    assert(
      lines[0]!.startsWith(
        `info  Fitted the defaults to the memory limit memory-limit=${limit * MB}`,
      ),
    );
    assert(lines[0]!.includes(` large-memory=${values["large-memory"]}`), lines[0]);
  }
});

Deno.test("fitMemory() keeps the given settings, and warns if they may be too much", () => {
  const { values, lines } = fit(128, "--cache-memory", "100mb");
  assertEquals(values["cache-memory"], 100 * MB);
  assert(values["reply-memory"] < 64 * MB);
  assertEquals(lines.length, 2);
  assert(lines[1]!.startsWith("warn  The settings may need more memory than the limit"), lines[1]);
  const few = fit(128, "--cache-memory", "1mb", "--max-clients", "10");
  assertEquals([few.values["cache-memory"], few.values["max-clients"]], [MB, 10]);
  assertEquals(few.lines.length, 1);
});

Deno.test("fitMemory() warns of a limit that is too low for the process itself", () => {
  const { values, lines } = fit(48);
  assertEquals(lines.length, 2);
  for (const flag of SIZED) assert(values[flag] >= MB, flag);
});

const LIMIT = 160 * MB;
const STEP = LIMIT / 16;

/** A guard of a process whose memory and clock the test controls. */
function guarded() {
  const it = { own: 0, used: 100, garbage: 0, times: 0, now: 1000, took: 0 };
  const guard = new MemoryGuard(
    LIMIT,
    () => {
      it.used -= it.garbage;
      it.garbage = 0;
      it.now += it.took;
      it.times++;
    },
    () => it,
    () => it.now,
  );
  /** Uses more memory, part of which is garbage, and returns how often garbage was collected. */
  const use = (bytes: number, garbage: number) => {
    it.used += bytes + garbage;
    it.garbage += garbage;
    guard.look();
    return it.times;
  };
  return { it, use, guard };
}

Deno.test("MemoryGuard collects when the memory in use has grown by a part of the limit", () => {
  const { it, use } = guarded();
  assertEquals([use(0, 0), use(0, STEP - 1), use(0, 1), use(0, STEP - 1), use(1, 0)], [
    0,
    0,
    1,
    1,
    2,
  ]);
  assertEquals(it.used, 101);
  // V8 has collected by itself; the growth counts from there.
  it.used -= 50;
  assertEquals([use(0, 0), use(STEP - 1, 0), use(1, 0)], [2, 2, 3]);
});

Deno.test("MemoryGuard collects sooner when little memory is left", () => {
  const { it, use } = guarded();
  it.own = 80 * MB;
  assertEquals([use(0, 0), use(0, STEP / 4 - 1), use(0, 1), use(0, STEP / 4)], [0, 0, 1, 2]);
});

Deno.test("MemoryGuard rests after each collection, less when little memory is left", () => {
  for (const [own, share] of [[0, 1 / 5], [LIMIT, 1 / 2]] as const) {
    const { it, use } = guarded();
    Object.assign(it, { own, took: 10 });
    const start = it.now;
    for (; it.now < start + 1000; it.now++) use(LIMIT, 0);
    const collecting = it.times * it.took / (it.now - start);
    assert(Math.abs(collecting - share) < 0.03, `${collecting}`);
  }
});

Deno.test("garbageCollector() collects memory outside of V8's heap", async () => {
  const collect = await garbageCollector();
  if (collect === null) return; // Deno 2.4 without its flag.
  let buffers = Array.from({ length: 30 }, () => new Uint8Array(MB));
  const before = Deno.memoryUsage().external;
  assert(buffers.length > 0);
  buffers = [];
  collect();
  assert(Deno.memoryUsage().external < before - 20 * MB);
});
