import { assert, assertEquals } from "@std/assert";
import { BUNDLER_VERSION, isAtLeast } from "../../../tools/bundle.ts";

Deno.test("isAtLeast() compares versions by their numbers", () => {
  const rows: [string, string, boolean][] = [
    ["2.9.6", "2.9.6", true],
    ["2.10.0", "2.9.6", true],
    ["3.0.0", "2.9.6", true],
    ["2.9.7+abc", "2.9.6", true],
    ["2.9.5", "2.9.6", false],
    ["2.4.2", "2.9.6", false],
    ["1.99.9", "2.9.6", false],
  ];
  for (const [version, oldest, expected] of rows) {
    assertEquals(isAtLeast(version, oldest), expected, `${version}, ${oldest}`);
  }
});

Deno.test("tools/deno fetches a Deno that can bundle", () => {
  const script = Deno.readTextFileSync(new URL("../../../tools/deno", import.meta.url));
  const [, newest] = /^newest=(\S+)/m.exec(script)!;
  assert(isAtLeast(newest!, BUNDLER_VERSION), newest);
});
