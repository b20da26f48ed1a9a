import { assertEquals } from "@std/assert";
import { isNotNow } from "../../../src/core/redis_errors.ts";

Deno.test("isNotNow() recognises temporary errors by their code, and no others", () => {
  const table: [string, boolean][] = [
    ["LOADING Redis is loading the dataset in memory", true],
    ["BUSY Redis is busy running a script.", true],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", true],
    ["READONLY You can't write against a read only replica.", true],
    ["CLUSTERDOWN The cluster is down", true],
    ["TRYAGAIN Multiple keys request during rehashing of slot", true],
    ["ORIGINDOWN Redis is away: connect ECONNREFUSED 192.0.2.1:6379", true],
    ["ORIGINREFUSED Redis refuses this proxy: AUTH: WRONGPASS", false],
    ["BUSYGROUP Consumer Group name already exists", false],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", false],
    ["NOPERM this user has no permissions to run the 'get' command", false],
    ["ERR LOADING is no code here", false],
    ["LOADING", false],
  ];
  for (const [message, isPassing] of table) assertEquals(isNotNow(message), isPassing, message);
});
