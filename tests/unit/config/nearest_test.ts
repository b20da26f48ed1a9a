import { assertEquals } from "@std/assert";
import { nearest } from "../../../src/config/nearest.ts";

const WORDS = ["--port", "--redis-port", "--cache-size", "--cache-timeout", "--user"];

Deno.test("nearest() finds a word with one letter missing, added, wrong or swapped", () => {
  const table: Record<string, string> = {
    "--cache-siz": "--cache-size",
    "--cache-sizes": "--cache-size",
    "--cache_size": "--cache-size",
    "--cachesize": "--cache-size",
    "--chache-timeout": "--cache-timeout",
    "--prot": "--port",
    "-port": "--port",
    "--redis-prot": "--redis-port",
  };
  for (const [wrong, right] of Object.entries(table)) {
    assertEquals(nearest(wrong, WORDS), right, wrong);
  }
});

Deno.test("nearest() finds nothing for another word", () => {
  for (const wrong of ["--verbose", "--redis-password", "", "x"]) {
    assertEquals(nearest(wrong, WORDS), undefined, wrong);
  }
});

Deno.test("nearest() prefers the nearer word, and the first of two equally near ones", () => {
  assertEquals(nearest("bat", ["cart", "bar", "cat"]), "bar");
});
