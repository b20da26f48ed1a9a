/**
 * A client of the catalogue as a test, with one step for each action on each connection.
 *
 * @module
 */
import { type Client, versionOf } from "./catalogue.ts";
import { runClient } from "./suite.ts";

/** Registers the test of a client. A missing client is skipped, and the log says so. */
export async function testClient(client: Client): Promise<void> {
  const version = await versionOf(client);
  if (version === null) console.log(`left out: ${client.name} is not installed here`);
  const name = `${client.name} (${version ?? "not installed"}) works as with Redis`;
  Deno.test({ name, ignore: version === null }, async (t) => {
    for (const { label, step, why } of await runClient(client)) {
      await t.step(`${label}: ${step}`, () => {
        if (why !== null) throw new Error(why);
      });
    }
  });
}
