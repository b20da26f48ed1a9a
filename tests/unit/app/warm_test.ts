import { assert, assertEquals, assertThrows } from "@std/assert";
import { openWarmFile, WarmFile } from "../../../src/app/warm_file.ts";
import { WarmUp } from "../../../src/app/warm_up.ts";
import { ConfigError, parseConfig } from "../../../src/config/mod.ts";
import { Log } from "../../../src/core/log.ts";

async function withFile(work: (path: string, open: () => WarmFile) => void | Promise<void>) {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/warm`;
  const opened: WarmFile[] = [];
  const open = () => {
    const file = openWarmFile(parseConfig(["--warm-file", path], {}, () => "").values)!;
    opened.push(file);
    return file;
  };
  try {
    await work(path, open);
  } finally {
    for (const { file } of opened) (file as Deno.FsFile).close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a warm file gives back the keys that were saved, whatever their bytes", async () => {
  await withFile((path, open) => {
    assertEquals(open().load(), []);
    const keys = ["", "key", 'a "b"\n', "\0\x7f\xff", "\u0085"];
    assertEquals(open().save([...keys, "x".repeat(2000)]), keys.length);
    assertEquals(open().load(), keys);
    // A shorter list replaces a longer one.
    const file = open();
    file.save(["one"]);
    assertEquals(file.load(), ["one"]);
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  });
});

Deno.test("a warm file has at most 10,000 keys", async () => {
  await withFile((_, open) => {
    const file = open();
    assertEquals(file.save(Array.from({ length: 10_001 }, (_, index) => `k${index}`)), 10_000);
    assertEquals(file.load().length, 10_000);
  });
});

Deno.test("a warm file that is cut off or changed is not used", async () => {
  await withFile(async (path, open) => {
    open().save(["one", "two"]);
    const text = await Deno.readTextFile(path);
    for (let length = 0; length < text.length - 1; length++) {
      await Deno.writeTextFile(path, text.slice(0, length));
      assertEquals(open().load(), [], `${length} characters`);
    }
    for (const other of [text.replace('"one"', "{}"), text.replace('"one"', '"\u20ac"')]) {
      await Deno.writeTextFile(path, other);
      assertEquals(open().load(), []);
    }
  });
});

Deno.test("another file is not taken for a warm file, which would destroy it", async () => {
  await withFile(async (path, open) => {
    for (const other of ["root:x:0:0\n", "redis-proxy: notes\n", "\n", "\0".repeat(100)]) {
      await Deno.writeTextFile(path, other);
      assertThrows(open, ConfigError, "wanted a new file, or one that redis-proxy has saved");
      assertEquals(await Deno.readTextFile(path), other);
    }
  });
});

Deno.test("a warm file that cannot be opened stops the start", () => {
  const { values } = parseConfig(["--warm-file", "/no/such/folder/file"], {}, () => "");
  assertThrows(() => openWarmFile(values), ConfigError, "--warm-file: wanted a file");
});

/** A warm-up whose steps a test makes. */
function makeWarmUp(count: number, mayRead = () => true) {
  const cache = {
    flights: 0,
    read: 0,
    warm() {
      this.read++;
      this.flights++;
    },
  };
  const lines: string[] = [];
  const clock = { now: 0 };
  const log = new Log("info", "text", (line) => lines.push(line));
  const keys = Array.from({ length: count }, (_, index) => `k${index}`);
  const warmUp = new WarmUp(keys, cache, mayRead, log, () => clock.now);
  return { warmUp, cache, lines, clock };
}

Deno.test("a warm-up reads a bounded number of keys at a time, and then the proxy is ready", () => {
  const { warmUp, cache, lines } = makeWarmUp(120);
  assertEquals(warmUp.whyNotReady, "warming up: 0 of 120 keys");
  warmUp.step();
  assertEquals(cache.read, 50);
  cache.flights = 200;
  warmUp.step();
  assertEquals(cache.read, 50);
  cache.flights = 0;
  warmUp.step();
  cache.flights = 0;
  warmUp.step();
  assertEquals([cache.read, warmUp.whyNotReady], [120, "warming up: 120 of 120 keys"]);
  warmUp.step();
  assert(warmUp.whyNotReady !== null, "reads are in flight");
  cache.flights = 0;
  warmUp.step();
  assertEquals(warmUp.whyNotReady, null);
  assert(lines[0]!.includes("Warmed up keys=120 of=120"), lines[0]);
});

Deno.test("a warm-up waits for Redis, and gives up after ten seconds", () => {
  const { warmUp, cache, lines, clock } = makeWarmUp(10, () => false);
  for (; clock.now < 10_000; clock.now += 100) warmUp.step();
  assertEquals(cache.read, 0);
  assert(warmUp.whyNotReady !== null);
  warmUp.step();
  assertEquals(warmUp.whyNotReady, null);
  assert(lines[0]!.includes("Stopped warming up"), lines[0]);
});

Deno.test("without saved keys there is no warm-up", () => {
  const { warmUp, lines } = makeWarmUp(0);
  assertEquals([warmUp.whyNotReady, lines], [null, []]);
});
