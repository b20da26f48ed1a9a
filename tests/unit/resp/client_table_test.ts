// Compares the documented table of clients and the lock file of their packages with the catalogue.
import { assertEquals } from "@std/assert";
import { CLIENTS, labelsOf } from "../../e2e/clients/catalogue.ts";
import { type Handshake, HANDSHAKES } from "../../e2e/clients/handshakes.ts";
import { CASES } from "../../e2e/clients/replay.ts";
import { STEPS } from "../../e2e/clients/suite.ts";
import { COMMANDS_PAGE, MARKER } from "../../../tools/clients.ts";
import { sectionOf } from "../../../tools/section.ts";

const PAGE = await Deno.readTextFile(COMMANDS_PAGE);
const LOCK = new URL("../../e2e/clients/drivers/npm.lock", import.meta.url);
const HINT = "The table of clients is out of date: run `deno task clients`";

/** The rows of the table, as cells without surrounding blanks. */
const rows = sectionOf(PAGE, MARKER).split("\n").slice(2)
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

const replayed = Map.groupBy(HANDSHAKES, ({ client }) => client);

function toPassed(handshakes: Handshake[]): string {
  const count = handshakes.length * Object.keys(CASES).length;
  return `${count} of ${count} handshakes replayed`;
}

Deno.test("docs/redis-commands.md lists every client, with the versions that are pinned", () => {
  const listed = rows.map(([name, version]) => `${name} ${version}`);
  const wanted = CLIENTS.map(({ name, version }, index) =>
    `${name} ${typeof version === "string" ? version : rows[index]?.[1]}`
  );
  assertEquals(listed, [...wanted, ...replayed.keys()], HINT);
});

Deno.test("docs/redis-commands.md says that each client passed all steps", () => {
  const wanted = CLIENTS.map((client) => {
    const connections = labelsOf(client).length;
    const steps = connections * STEPS.length;
    return `${steps} of ${steps} steps on ${connections} connections`;
  });
  assertEquals(
    rows.map((cells) => cells[4]),
    [...wanted, ...Array.from(replayed.values(), toPassed)],
    HINT,
  );
});

Deno.test("npm.lock has the npm clients of the catalogue and no others", () => {
  const wanted = CLIENTS.filter(({ debian }) => debian.length === 0)
    .map(({ command }) => `npm:${command.at(-1)}`);
  const { specifiers } = JSON.parse(Deno.readTextFileSync(LOCK));
  assertEquals(Object.keys(specifiers).sort(), wanted.sort());
});
