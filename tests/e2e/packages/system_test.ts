// Programs of other languages, if they are installed, and those that come with Redis.
// tools/install_clients.ts installs them if possible.
import { SYSTEM_PROGRAMS } from "./catalogue.ts";
import { testProgram } from "./testing.ts";

for (const program of SYSTEM_PROGRAMS) await testProgram(program);
