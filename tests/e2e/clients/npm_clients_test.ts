// npm clients with their default options, a password, a name, and each protocol they offer.
import { NPM_CLIENTS } from "./catalogue.ts";
import { testClient } from "./testing.ts";

for (const client of NPM_CLIENTS) await testClient(client);
