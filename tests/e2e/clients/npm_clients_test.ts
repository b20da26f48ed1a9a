// The clients of npm, with their default options, a password, a name, and each protocol they have.
import { NPM_CLIENTS } from "./catalogue.ts";
import { testClient } from "./testing.ts";

for (const client of NPM_CLIENTS) await testClient(client);
