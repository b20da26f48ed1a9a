import { assertEquals } from "@std/assert";
import { CONFIGURATION, withSettings } from "../../../tools/settings.ts";

Deno.test("docs/configuration.md lists every setting with its default", async () => {
  const page = await Deno.readTextFile(CONFIGURATION);
  assertEquals(page, withSettings(page), "The table is out of date: run `deno task settings`");
});
