// npm packages do their real work through the proxy, compared with the same run against Redis.
import { NPM_PROGRAMS } from "./catalogue.ts";
import { testProgram } from "./testing.ts";

for (const program of NPM_PROGRAMS) await testProgram(program);
