// The README's table of clients and the lock file of their packages, held against the catalogue.
import { assertEquals } from "@std/assert";
import { CLIENTS, labelsOf } from "../../e2e/clients/catalogue.ts";
import { type Handshake, HANDSHAKES } from "../../e2e/clients/handshakes.ts";
import { CASES } from "../../e2e/clients/replay.ts";
import { STEPS } from "../../e2e/clients/suite.ts";
import { MARKER } from "../../../tools/clients.ts";
import { sectionOf } from "../../../tools/readme_section.ts";

const README = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));
const LOCK = new URL("../../e2e/clients/drivers/npm.lock", import.meta.url);
const HINT = "README is behind the catalogue of clients: run `deno task clients`";

/** The rows of the table, their cells without blanks around. */
const rows = sectionOf(README, MARKER).split("\n").slice(2)
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

const replayed = Map.groupBy(HANDSHAKES, ({ client }) => client);

function toPassed(handshakes: Handshake[]): string {
  const count = handshakes.length * Object.keys(CASES).length;
  return `${count} of ${count} handshakes replayed`;
}

Deno.test("README lists every client, with the versions that are pinned", () => {
  const listed = rows.map(([name, version]) => `${name} ${version}`);
  const wanted = CLIENTS.map(({ name, version }, index) =>
    `${name} ${typeof version === "string" ? version : rows[index]?.[1]}`
  );
  assertEquals(listed, [...wanted, ...replayed.keys()], HINT);
});

Deno.test("README's table of clients says that each has passed all", () => {
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
