import { assertEquals } from "@std/assert";
import { bytes, duration } from "../../../src/config/quantities.ts";

const MINUTE = 60_000;

Deno.test("duration() reads seconds, and numbers with a unit, as milliseconds", () => {
  const table: Record<string, number> = {
    "0": 0,
    "30": 30_000,
    "0.25": 250,
    ".5": 500,
    "250ms": 250,
    "30s": 30_000,
    "5m": 5 * MINUTE,
    "1.5h": 90 * MINUTE,
    "33.4ms": 33,
    "0.0334": 33,
    "1.1h": 66 * MINUTE,
    "0.0001": 1,
    "0.001": 1,
    "7d": 7 * 24 * 60 * MINUTE,
  };
  const { parse } = duration("0");
  for (const [text, wanted] of Object.entries(table)) assertEquals(parse(text), wanted, text);
});

Deno.test("duration() refuses other texts, and values out of bounds", () => {
  const { parse, wanted } = duration("10ms", "24d");
  for (const text of ["", "s", "5 m", "5M", "5min", "1e3", "-1", "+1", "0x5", "9ms", "25d", "1y"]) {
    assertEquals(parse(text), undefined, text);
  }
  assertEquals([parse("10ms"), parse("24d")], [10, 24 * 24 * 60 * MINUTE]);
  assertEquals(wanted, "a duration from 10ms to 24d, such as 250ms, 30s, 5m or 1h");
});

Deno.test("duration() is never longer than a timer can be", () => {
  assertEquals(duration("0").parse("24d")! < 2 ** 31, true);
  assertEquals(duration("0").parse("25d"), undefined);
});

Deno.test("bytes() accepts every way to write a size, with units of 1024 bytes", () => {
  const table: Record<string, number> = {
    "0": 0,
    "1000000": 1_000_000,
    "5b": 5,
    "2k": 2048,
    "2kb": 2048,
    "2KiB": 2048,
    "5m": 5 * 2 ** 20,
    "64m": 2 ** 26,
    "64mb": 2 ** 26,
    "64MB": 2 ** 26,
    "1.5gb": 1.5 * 2 ** 30,
    "2g": 2 ** 31,
    "0.0001kb": 0,
  };
  const { parse } = bytes(0);
  for (const [text, wanted] of Object.entries(table)) assertEquals(parse(text), wanted, text);
});

Deno.test("bytes() refuses other texts, and values out of bounds", () => {
  const { parse } = bytes(1024);
  for (const text of ["", "kb", "64 mb", "64t", "64bits", "-1", "1e6", "1023", "9999999999gb"]) {
    assertEquals(parse(text), undefined, text);
  }
  assertEquals(parse("1kb"), 1024);
});
