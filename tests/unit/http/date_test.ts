import { assertEquals } from "@std/assert";
import { HttpDate } from "../../../src/http/date.ts";

Deno.test("HttpDate.at() formats the wall clock once a second", () => {
  let wall = Date.UTC(1994, 10, 6, 8, 49, 37, 400);
  let looks = 0;
  const date = new HttpDate(() => (looks++, wall));
  assertEquals(date.at(1000), "Sun, 06 Nov 1994 08:49:37 GMT");
  wall += 599;
  assertEquals(date.at(1599), "Sun, 06 Nov 1994 08:49:37 GMT");
  assertEquals(looks, 1);
  wall += 1;
  assertEquals(date.at(1600), "Sun, 06 Nov 1994 08:49:38 GMT");
  assertEquals(looks, 2);
});
