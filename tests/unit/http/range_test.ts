import { assertEquals } from "@std/assert";
import type { ByteWindow } from "../../../src/core/byte_window.ts";
import { type ByteRange, rangeOf, windowOf } from "../../../src/http/range.ts";

Deno.test("rangeOf() returns the bytes of one range", () => {
  const table: [string, number, ByteRange | "unsatisfiable" | null][] = [
    ["bytes=0-0", 10, { from: 0, to: 1 }],
    ["bytes=2-5", 10, { from: 2, to: 6 }],
    ["bytes=2-", 10, { from: 2, to: 10 }],
    ["bytes=9-99", 10, { from: 9, to: 10 }],
    ["bytes=-3", 10, { from: 7, to: 10 }],
    ["bytes=-30", 10, { from: 0, to: 10 }],
    ["BYTES= 1-2 ", 10, { from: 1, to: 3 }],
    ["bytes=0-99999999999999999999999", 10, { from: 0, to: 10 }],
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=99999999999999999999999-", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=0-", 0, "unsatisfiable"],
    ["bytes=-5", 0, null],
    ["bytes=5-2", 10, null],
    ["bytes=-", 10, null],
    ["bytes=", 10, null],
    ["bytes=a-b", 10, null],
    ["bytes=0-1,3-4", 10, null],
    ["bytes 0-1", 10, null],
    ["items=0-1", 10, null],
    ["bytes=+1-2", 10, null],
    ["", 10, null],
  ];
  for (const [range, length, wanted] of table) assertEquals(rangeOf(range, length), wanted, range);
});

Deno.test("windowOf() returns the bytes that one range asks for, before the length is known", () => {
  const table: [string, ByteWindow | null][] = [
    ["bytes=0-0", { first: 0, last: 0 }],
    ["bytes=2-", { first: 2, last: -1 }],
    ["bytes=-3", { first: -3, last: -1 }],
    ["bytes=-0", { first: 1, last: 0 }],
    ["bytes=1-99999999999999999999", { first: 1, last: Number.MAX_SAFE_INTEGER }],
    ["bytes=5-2", null],
    ["bytes=0-1,3-4", null],
    ["items=0-1", null],
  ];
  for (const [range, wanted] of table) assertEquals(windowOf(range), wanted, range);
});
