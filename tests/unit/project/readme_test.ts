import { assertEquals } from "@std/assert";
import { withSettings } from "../../../tools/readme.ts";

const README = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));

Deno.test("README lists every setting with its default", () => {
  assertEquals(README, withSettings(README), "README is behind src/config: run `deno task readme`");
});
