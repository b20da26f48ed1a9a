import { assertEquals, assertMatch } from "@std/assert";
import { isLoopback, warnOfExposure } from "../../../src/app/exposure.ts";
import { parseConfig } from "../../../src/config/mod.ts";
import { Log } from "../../../src/core/log.ts";

/** The log for these variables. */
function warnings(env: Record<string, string>): string[] {
  const lines: string[] = [];
  warnOfExposure(
    parseConfig([], env, () => ""),
    new Log("info", "text", (line) => lines.push(line)),
  );
  return lines;
}

Deno.test("isLoopback() knows the addresses that only this machine can reach", () => {
  for (const address of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(isLoopback(address), true, address);
  }
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "127.example.com", "::ffff:10.0.0.1"]) {
    assertEquals(isLoopback(address), false, address);
  }
});

Deno.test("warnOfExposure() warns in one line if anybody on the network can read every key", () => {
  const lines = warnings({});
  assertEquals(lines.length, 1);
  assertMatch(
    lines[0]!,
    /warn .*every key.*no password.*address=0\.0\.0\.0 advice="Set RP_PASSWORD/,
  );
  const [line] = warnings({ RP_REDIS_URL: "redis://:secret@h" });
  assertMatch(line!, /no password, though Redis does/);
  assertEquals(line!.includes("secret"), false);
  const [writable] = warnings({ RP_PROTECTED_MODE: "no" });
  assertMatch(writable!, /can read and change every key/);
  assertMatch(warnings({ RP_PROTECTED_MODE: "no", RP_READ_ONLY: "yes" })[0]!, /can read every key/);
});

Deno.test("warnOfExposure() is silent with a password, or on loopback", () => {
  assertEquals(warnings({ RP_PASSWORD: "x" }), []);
  assertEquals(warnings({ RP_LISTEN_ADDRESS: "127.0.0.1" }), []);
});
