// Runs all steps of every installed client, replays the handshakes of the others, and writes the
// table in docs/redis-commands.md from the results: deno task clients
import { type Client, CLIENTS, labelsOf, versionOf } from "../tests/e2e/clients/catalogue.ts";
import { replayAll, type Replayed } from "../tests/e2e/clients/replay.ts";
import { type Result, runClient } from "../tests/e2e/clients/suite.ts";
import { main, ROOT, say } from "./command.ts";
import { ensureClients } from "./install_clients.ts";
import { withSection } from "./section.ts";

/** The page with the table of clients. */
export const COMMANDS_PAGE = `${ROOT}/docs/redis-commands.md`;
export const MARKER = "<!-- clients: written by `deno task clients` -->";

const HEAD = `| Client | Version | RESP2 | RESP3 | Passed |
|---|---|---|---|---|
`;

function row(...cells: string[]): string {
  return `|${cells.map((cell) => ` ${cell} `).join("|")}|\n`;
}

function passed(results: readonly Result[], what: string): string {
  return `${results.filter(({ why }) => why === null).length} of ${results.length} ${what}`;
}

/** A protocol works as the default, works on request, does not work, or is not offered. */
function protocolCell(client: Client, protocol: 2 | 3, results: Result[]): string {
  const index = client.protocols.indexOf(protocol);
  if (index < 0) return "";
  const own = results.filter(({ label }) => label.startsWith(`resp${protocol}`));
  if (own.some(({ why }) => why !== null)) return "**no**";
  return index === 0 ? "yes, default" : "yes";
}

function clientRow(client: Client, version: string, results: Result[]): string {
  return row(
    client.name,
    version,
    protocolCell(client, 2, results),
    protocolCell(client, 3, results),
    passed(results, `steps on ${labelsOf(client).length} connections`),
  );
}

/** The row of a client whose handshakes were replayed, in one protocol or both. */
function replayRow(name: string, replayed: Replayed[]): string {
  const [, product, version] = /^(.*?) (\d.*)$/.exec(name)!;
  const cell = (protocol: 2 | 3) => {
    const own = replayed.filter(({ handshake }) => handshake.protocol === protocol);
    if (own.length === 0) return "";
    return own.flatMap(({ results }) => results).some(({ why }) => why !== null) ? "**no**" : "yes";
  };
  const results = replayed.flatMap(({ results }) => results);
  return row(product!, version!, cell(2), cell(3), passed(results, "handshakes replayed"));
}

async function table(): Promise<string> {
  const rows = [HEAD];
  for (const client of CLIENTS) {
    const version = await versionOf(client);
    if (version === null) {
      throw new Error(`Cannot find ${client.name}: wanted all clients for the table`);
    }
    const results = await runClient(client);
    rows.push(clientRow(client, version, results));
    complain(client.name, results);
  }
  const replayed = Map.groupBy(await replayAll(), ({ handshake }) => handshake.client);
  for (const [name, ones] of replayed) {
    rows.push(replayRow(name, ones));
    for (const { results } of ones) complain(name, results);
  }
  return rows.join("");
}

function complain(name: string, results: readonly Result[]): void {
  for (const { label, step, why } of results) {
    if (why !== null) say(`${name}: not ok ${label} ${step}: ${why}`);
  }
}

if (import.meta.main) {
  await main(async () => {
    await ensureClients();
    const content = await table();
    const page = await Deno.readTextFile(COMMANDS_PAGE);
    await Deno.writeTextFile(COMMANDS_PAGE, withSection(page, MARKER, content));
    console.log(content);
    return content.includes("**no**") ? 1 : 0;
  });
}
