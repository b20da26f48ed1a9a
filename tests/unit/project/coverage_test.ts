import { assert, assertEquals } from "@std/assert";
import { FLOOR, ratesByRoom } from "../../../tools/coverage.ts";
import { ROOT } from "../../../tools/command.ts";

const LCOV = `SF:/x/src/http/range.ts
BRF:4
BRH:3
LF:10
LH:9
end_of_record
SF:/x/src/http/date.ts
BRF:0
BRH:0
LF:5
LH:5
end_of_record
SF:/x/main.ts
LF:3
LH:1
end_of_record
`;

Deno.test("ratesByRoom() adds up lines and branches for each room of src, and for main.ts", () => {
  assertEquals([...ratesByRoom(LCOV)], [
    ["http", { lines: { found: 15, hit: 14 }, branches: { found: 4, hit: 3 } }],
    ["main", { lines: { found: 3, hit: 1 }, branches: { found: 0, hit: 0 } }],
  ]);
});

Deno.test("ratesByRoom() finds nothing in an empty report", () => {
  assertEquals(ratesByRoom("").size, 0);
});

Deno.test("README.md names the coverage below which the gate fails", async () => {
  const readme = await Deno.readTextFile(`${ROOT}/README.md`);
  assert(readme.includes(`fail below ${FLOOR} %`), `wanted "fail below ${FLOOR} %"`);
});
