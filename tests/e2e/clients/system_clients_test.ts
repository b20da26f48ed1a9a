// redis-cli and clients of other languages, if they are installed; tools/install_clients.ts
// installs them if possible.
import { SYSTEM_CLIENTS } from "./catalogue.ts";
import { testClient } from "./testing.ts";

for (const client of SYSTEM_CLIENTS) await testClient(client);
