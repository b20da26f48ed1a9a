import { assertEquals } from "@std/assert";
import { type ByteRange, rangeOf } from "../../../src/http/range.ts";

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
