import { assertEquals } from "@std/assert";
import { boundsOf, isSameWindow, NO_BYTES } from "../../../src/core/byte_window.ts";

Deno.test("boundsOf() counts positions from either end, within the value", () => {
  const table: [first: number, last: number, length: number, from: number, to: number][] = [
    [0, 0, 10, 0, 1],
    [2, 5, 10, 2, 6],
    [2, -1, 10, 2, 10],
    [-3, -1, 10, 7, 10],
    [-30, -1, 10, 0, 10],
    [0, Number.MAX_SAFE_INTEGER, 10, 0, 10],
    [10, -1, 10, 10, 10],
    [Number.MAX_SAFE_INTEGER, -1, 10, 10, 10],
    [5, 2, 10, 5, 5],
    [-1, -5, 10, 9, 9],
    [0, -1, 0, 0, 0],
  ];
  for (const [first, last, length, from, to] of table) {
    assertEquals(boundsOf({ first, last }, length), { from, to }, `${first} to ${last}`);
  }
  for (const length of [0, 1, 2, 10]) {
    const { from, to } = boundsOf(NO_BYTES, length);
    assertEquals(from, to);
  }
});

Deno.test("isSameWindow() compares windows, and null is all bytes", () => {
  assertEquals(isSameWindow({ first: 1, last: 2 }, { first: 1, last: 2 }), true);
  assertEquals(isSameWindow({ first: 1, last: 2 }, { first: 1, last: 3 }), false);
  assertEquals(isSameWindow(null, null), true);
  assertEquals(isSameWindow(null, NO_BYTES), false);
});
