import { assertEquals } from "@std/assert";
import { errorBody } from "../../../src/http/error_body.ts";

function typeOf(accept: string | null): string {
  return errorBody(404, "No such key", accept)[0];
}

Deno.test("errorBody() is one line of plain text", () => {
  const [type, body] = errorBody(404, "No such key", null);
  assertEquals(type, "text/plain; charset=utf-8");
  assertEquals(new TextDecoder().decode(body), "No such key\n");
});

Deno.test("errorBody() is a problem document for clients that prefer JSON", () => {
  const [type, body] = errorBody(409, 'Wrong "type"', "application/problem+json");
  assertEquals(type, "application/problem+json");
  assertEquals(JSON.parse(new TextDecoder().decode(body)), {
    title: "Conflict",
    status: 409,
    detail: 'Wrong "type"',
  });
});

Deno.test("errorBody() follows the client's order of preference", () => {
  const problem = "application/problem+json";
  const text = "text/plain; charset=utf-8";
  assertEquals(typeOf("application/json"), problem);
  assertEquals(typeOf("application/json, text/plain;q=0.5"), problem);
  assertEquals(typeOf("text/plain, application/json;q=0.5"), text);
  assertEquals(typeOf("text/plain;q=0.1, application/problem+json;q=0.2"), problem);
  assertEquals(typeOf("application/json;q=0"), text);
  assertEquals(typeOf("*/*"), text);
  assertEquals(typeOf("text/html,application/xhtml+xml,*/*;q=0.8"), text);
  assertEquals(typeOf("image/png"), text);
  assertEquals(typeOf("application/json,".repeat(100)), text);
});
