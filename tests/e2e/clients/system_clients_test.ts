// redis-cli and clients of other languages, as far as the system has them; tools/install_clients.ts
// brings them where it may.
import { SYSTEM_CLIENTS } from "./catalogue.ts";
import { testClient } from "./testing.ts";

for (const client of SYSTEM_CLIENTS) await testClient(client);
