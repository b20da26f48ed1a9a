import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { logSample } from "../../../src/resp/parse/log_sample.ts";

Deno.test("logSample() shows the first bytes, escaped, and no password", () => {
  const cases: [bytes: string, shown: string][] = [
    ["*1\r\n$3\r\nGET", "*1\\r\\n$3\\r\\nGET"],
    ["\0\x1b[31m\xff", "\\x00\\x1b[31m\\xff"],
    ["x".repeat(100), "x".repeat(64)],
    ['AUTH "secret', "AUTH..."],
    ["*2\r\n$4\r\nauth\r\n$-6\r\nsecret", "*2\\r\\n$4\\r\\nauth..."],
    ["CONFIG SET requirepass secret", "CONFIG SET requirepass..."],
    ["ACL SETUSER me >secret", "ACL SETUSER..."],
    ["", ""],
  ];
  for (const [bytes, shown] of cases) {
    assertEquals(logSample(Buffer.from(bytes, "latin1")), shown);
  }
});
