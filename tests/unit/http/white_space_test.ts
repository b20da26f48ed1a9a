// White space in field values is a space or a tab (RFC 9110 section 5.6.3). JavaScript also counts
// other bytes as white space, above all 0xA0. To other servers they are part of the value, so
// skipping them would allow smuggling.
import { assertEquals } from "@std/assert";
import { ROOT } from "../../../tools/command.ts";
import { Credentials } from "../../../src/core/credentials.ts";
import { isAuthorized } from "../../../src/http/authorization.ts";
import { NO_WISHES, wishesOf } from "../../../src/http/directives.ts";
import { errorBody } from "../../../src/http/error_body.ts";
import { elementsOf, tokensOf, trimWhiteSpace } from "../../../src/http/lists.ts";
import { Http } from "../../../src/http/mod.ts";
import { matchesStrongly, matchesWeakly } from "../../../src/http/tag_lists.ts";
import { PEER } from "../../support/resp_context.ts";
import { httpContext } from "../../support/http_context.ts";
import { inputOf, written } from "../../support/wire.ts";

/** Every byte above ASCII. Control characters in ASCII are refused in all values. */
const HIGH_BYTES = Array.from({ length: 128 }, (_, index) => String.fromCharCode(128 + index));

const TAG = '"a-1"';

/** The reply to one request, and whether the connection ends. */
async function replyTo(request: string): Promise<{ status: number; last: boolean }> {
  const taken = new Http(httpContext(), PEER).next(inputOf(request))!;
  const text = await written((output) => taken.reply(output, { outcome: null, via: "hit" }));
  return { status: Number(text.split(" ")[1]), last: taken.last };
}

Deno.test("a byte above ASCII beside a transfer coding makes it another coding", async () => {
  for (const byte of HIGH_BYTES) {
    for (const coding of [`${byte}chunked`, `chunked${byte}`, `gzip,${byte}chunked`]) {
      const request =
        `POST /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`;
      assertEquals(await replyTo(request), { status: 400, last: true }, coding);
    }
  }
});

Deno.test("a byte above ASCII beside a connection option makes it another option", async () => {
  for (const byte of HIGH_BYTES) {
    for (const option of [`${byte}close`, `close${byte}`, `x,${byte}close`]) {
      const request = `OPTIONS /k HTTP/1.1\r\nHost: a\r\nConnection: ${option}\r\n\r\n`;
      assertEquals(await replyTo(request), { status: 204, last: false }, option);
    }
    const request = `OPTIONS /k HTTP/1.0\r\nConnection: ${byte}keep-alive\r\n\r\n`;
    assertEquals(await replyTo(request), { status: 204, last: true });
  }
});

Deno.test("a byte above ASCII beside a directive of Cache-Control makes it another directive", () => {
  for (const byte of HIGH_BYTES) {
    for (const text of [`${byte}no-cache`, `no-cache${byte}`, `x,${byte}no-store`]) {
      assertEquals(wishesOf(text), NO_WISHES, text);
    }
  }
});

Deno.test("a byte above ASCII beside an entity tag ends the list", () => {
  for (const byte of HIGH_BYTES) {
    for (const list of [`${byte}${TAG}`, `${TAG}${byte}`, `"x",${byte}${TAG}`, `${byte}*`]) {
      assertEquals([matchesWeakly(list, TAG), matchesStrongly(list, TAG)], [false, false], list);
    }
  }
});

Deno.test("an entity tag may contain commas and bytes above ASCII", () => {
  for (const list of [`"a,b", ${TAG}`, `"\xa0", ${TAG}`, `"\\", ${TAG}`, `,, ${TAG}\t,`]) {
    assertEquals(matchesWeakly(list, TAG), true, list);
  }
  for (const list of [`"x,${TAG}`, `"x" ${TAG}`, `x, ${TAG}`, `w/${TAG}`, `* , ${TAG}`]) {
    assertEquals(matchesWeakly(list, TAG), false, list);
  }
});

Deno.test("a password may contain every byte above ASCII, with Bearer too", () => {
  for (const char of ["\u00e0", "\u00a0", "\u0160"]) {
    const credentials = new Credentials("default", `p${char}`);
    const bytes = String.fromCharCode(...new TextEncoder().encode(`p${char}`));
    assertEquals(isAuthorized(`Bearer ${bytes}`, credentials), true, char);
    assertEquals(isAuthorized(`Bearer ${bytes.slice(0, -1)}`, credentials), false, char);
  }
});

Deno.test("a malformed Accept gets plain text", () => {
  for (const byte of HIGH_BYTES) {
    assertEquals(errorBody(404, "", `${byte}application/json`)[0], "text/plain; charset=utf-8");
  }
});

Deno.test("lists are split at commas outside of quoted strings, and trimmed of spaces and tabs", () => {
  assertEquals(trimWhiteSpace(" \t a b\t "), "a b");
  assertEquals(trimWhiteSpace("\xa0a\x0b"), "\xa0a\x0b");
  assertEquals(trimWhiteSpace(" \t"), "");
  assertEquals(tokensOf("A ,\tb,,"), ["a", "b", "", ""]);
  assertEquals(elementsOf('a="x, \\" y" , b,,c'), ['a="x, \\" y"', "b", "c"]);
  assertEquals(elementsOf('a, b="c, d\\'), ["a", 'b="c, d\\']);
  assertEquals(elementsOf(""), []);
});

Deno.test("values that are crafted to be slow to read are read at once", () => {
  const size = 16_000;
  const start = performance.now();
  for (const part of ['"', '"\\', '\\"', " ", " ,", '"a" ', "\t\t,\t", "W/", 'a="', "=", 'a=\\"']) {
    const text = part.repeat(size / part.length);
    elementsOf(text);
    tokensOf(text);
    wishesOf(text);
    matchesWeakly(text, TAG);
  }
  // Quadratic time would take seconds.
  assertEquals(performance.now() - start < 1000, true);
});

Deno.test("no code of HTTP trims or matches white space as JavaScript defines it", () => {
  const found: string[] = [];
  for (const { name } of Deno.readDirSync(`${ROOT}/src/http`)) {
    const text = Deno.readTextFileSync(`${ROOT}/src/http/${name}`);
    text.split("\n").forEach((line, index) => {
      if (/\.trim(Start|End|Left|Right)?\b|\\[sS]|std\/http\/etag/.test(line)) {
        found.push(`${name}:${index + 1}: ${line.trim()}`);
      }
    });
  }
  assertEquals(found, []);
});
