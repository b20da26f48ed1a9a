import { assert, assertEquals } from "@std/assert";
import { Window } from "../../../src/origin/window.ts";

const KB = 1024;

/** A trip that takes so long and brings so much. */
function trip(window: Window, sentAt: number, took: number, bytes: number, isShort = false): void {
  window.enter();
  window.leave(sentAt, sentAt + took, bytes, isShort);
}

Deno.test("Window.enter() divides the room among in-flight trips", () => {
  const window = new Window();
  assertEquals([window.enter(), window.enter(), window.enter(), window.enter()], [
    256 * KB,
    128 * KB,
    Math.floor(256 * KB / 3),
    64 * KB,
  ]);
  window.failed();
  assertEquals(window.enter(), 64 * KB);
});

Deno.test("Window grows with quick answers, up to its bound", () => {
  const window = new Window();
  trip(window, 0, 10, 256 * KB);
  assertEquals(window.size, 512 * KB);
  trip(window, 0, 10, 0);
  assertEquals(window.size, 512 * KB, "small values say nothing of a large one");
  trip(window, 0, 10, 0, true);
  assertEquals(window.size, 1024 * KB, "for want of room it doubles");
  trip(window, 1000, 300, 0, true);
  assertEquals(window.size, 512 * KB);
  trip(window, 2000, 10, 0, true);
  assertEquals(window.size, 576 * KB, "carefully, once an answer was slow");
  for (let at = 0; at < 100; at++) trip(window, 0, 100, 1024 * KB);
  assertEquals(window.size, 64 * 1024 * KB);
});

Deno.test("Window shrinks once for all trips that are slow together, and never to zero", () => {
  const window = new Window();
  for (let at = 0; at < 10; at++) window.enter();
  for (let at = 0; at < 10; at++) window.leave(at, 300 + at, 1000, false);
  assertEquals(window.size, 128 * KB);
  for (let at = 1000; at < 20_000; at += 1000) trip(window, at, 251, 100_000);
  assertEquals(window.size, 32 * KB);
  assert(window.enter() > 0);
});

Deno.test("Window stays small for a minute after a loss, and longer after the next one", () => {
  const window = new Window();
  const grown = (now: number) => {
    for (let at = 0; at < 100; at++) trip(window, now, 1, 1024 * KB);
    return window.size > 32 * KB;
  };
  window.lost(0);
  assertEquals([grown(59_000), grown(60_000)], [false, true]);
  window.lost(70_000);
  assertEquals(window.size, 32 * KB);
  assertEquals([grown(70_000 + 119_000), grown(70_000 + 120_000)], [false, true]);
  window.lost(10_000_000);
  assertEquals([grown(10_059_000), grown(10_060_000)], [false, true], "a rare loss");
});
