/**
 * RFC 9110, 9111, 9112 and 9211, requirement by requirement, as far as they apply to a server that
 * answers GET from a cache. Each row sends bytes on a raw connection, reads until the server ends
 * it, and compares everything received, so that there is never an extra reply.
 */
import { assertEquals } from "@std/assert";
import { askRedis, startRedisServer } from "../../tools/redis_server.ts";
import { RawClient } from "../support/client.ts";
import { fieldOf, type RawReply, splitReplies } from "../support/http_replies.ts";
import { startProxy } from "../support/proxy.ts";

/**
 * An expected reply: its status, its body (null: any), and its lines. `Name: value` expects that
 * line, `Name` expects the field with any value, `!Name` expects no such field.
 */
type Wanted = [status: number, body: string | null, ...lines: string[]];

/** The requirement and its section, the bytes to send, and all expected replies. */
type Row = [requirement: string, request: string, ...replies: Wanted[]];

const TAG = '"5-LPJNul+wow4m6DsqxbninhsWHlw"';
const HOST = "Host: a\r\n";

/** A request after which the connection ends. */
function ask(line: string, ...fields: string[]): string {
  return `${line} HTTP/1.1\r\n${HOST}Connection: close\r\n${lines(fields)}\r\n`;
}

/** A request after which another one follows. */
function keep(line: string, ...fields: string[]): string {
  return `${line} HTTP/1.1\r\n${HOST}${lines(fields)}\r\n`;
}

function lines(fields: string[]): string {
  return fields.map((field) => `${field}\r\n`).join("");
}

const END = ask("GET /end");
const ENDED: Wanted = [200, "."];
/** A refusal: the reply announces the end of the connection, and it ends. */
const REFUSED: Wanted = [400, null, "Connection: close", "Cache-Control: no-store"];

// deno-fmt-ignore: a row is a line
const ROWS: Record<string, Row[]> = {
  "RFC 9112 message format and connections": [
    ["2.2 MUST: an empty line before a request is ignored", `\r\n\r\n${END}`, ENDED],
    ["2.2 bare LF ends no line: refused", `GET /hello HTTP/1.1\n${HOST}\n`, REFUSED],
    ["2.2 bare LF in the fields: refused", `GET /hello HTTP/1.1\r\nHost: a\n\n${END}`, REFUSED],
    ["2.2 MUST: bare CR is invalid", `GET /hello HTTP/1.1\r\nHost: a\rX: y\r\n\r\n${END}`, REFUSED],
    ["2.2 MUST: no white space between start line and first field", `GET /hello HTTP/1.1\r\n Host: a\r\n\r\n`, REFUSED],
    ["2.3 version is case-sensitive and of two digits", `${keep("GET /end")}GET / http/1.1\r\n\r\n`, ENDED, REFUSED],
    ["2.3 a higher minor version is understood", `GET /end HTTP/1.7\r\n${HOST}Connection: close\r\n\r\n`, ENDED],
    ["3 SHOULD: an unknown method is 501", ask("FROB /hello"), [501, null, "!Allow"]],
    ["3 SHOULD: a line that is no request line is 400", `${keep("GET /end")}what\r\n\r\n`, ENDED, REFUSED],
    ["3 white space in the target: refused", `GET /a b HTTP/1.1\r\n${HOST}\r\n${END}`, REFUSED],
    ["3 MUST: a line too long is 414", `GET /${"a".repeat(17000)} HTTP/1.1\r\n${HOST}\r\n`, [414, null, "Connection: close"]],
    ["3 SHOULD: 8000 bytes of request line are possible", ask(`GET /${"a".repeat(8000)}`), [404, "No such key\n"]],
    ["3.2 MUST: no Host is 400", `GET /hello HTTP/1.1\r\n\r\n${END}`, REFUSED],
    ["3.2 MUST: two Hosts are 400", `GET /hello HTTP/1.1\r\n${HOST}${HOST}\r\n${END}`, REFUSED],
    ["3.2 MUST: two Hosts are 400 in HTTP/1.0 too", `GET /hello HTTP/1.0\r\n${HOST}${HOST}\r\n${END}`, REFUSED],
    ["3.2 MUST: an invalid Host is 400", `GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n${END}`, REFUSED],
    ["3.2 an empty Host is valid", `GET /end HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n`, ENDED],
    ["3.2.2 MUST: absolute form is accepted", ask("GET http://other:1/hello?x"), [200, "hello"]],
    ["3.2.4 asterisk form is for OPTIONS", ask("OPTIONS *"), [204, "", "Allow: GET, HEAD, OPTIONS"]],
    ["3.2.4 asterisk form names no key", keep("GET *") + END, REFUSED],
    ["5 MUST: white space before the colon is 400", keep("GET /hello", "X : y"), REFUSED],
    ["5.1 white space around a value is none of it", ask("GET /hello", "If-None-Match:\t *  "), [304, ""]],
    ["5.2 MUST: obs-fold is refused", keep("GET /hello", "X: y\r\n z"), REFUSED],
    ["5.5 of RFC 9110, MUST: NUL in a value is refused", keep("GET /hello", "X: \0"), REFUSED],
    ["5 of RFC 6585: fields too large are 431", keep("GET /hello", `X: ${"y".repeat(17000)}`), [431, null, "Connection: close"]],
    ["5 of RFC 6585: too many fields are 431", keep("GET /hello", ...Array(200).fill("X: y")), [431, null, "Connection: close"]],
    ["6.1 MUST: chunked is understood", keep("GET /hello", "Transfer-Encoding: chunked") + `3\r\nabc\r\n0\r\n\r\n${END}`, [200, "hello"], ENDED],
    ["6.1 SHOULD: an unknown coding is 501", keep("GET /hello", "Transfer-Encoding: gzip, chunked") + END, [501, null, "Connection: close"]],
    ["6.1 MUST: Transfer-Encoding in HTTP/1.0 is faulty", `GET /hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${END}`, REFUSED],
    ["6.3 MUST: chunked not last is 400, and closes", keep("GET /hello", "Transfer-Encoding: chunked, gzip") + END, REFUSED],
    ["6.3 MUST: an invalid Content-Length is 400, and closes", keep("GET /hello", "Content-Length: x") + END, REFUSED],
    ["6.3 a body is read away exactly", keep("GET /hello", "Content-Length: 3") + `abc${END}`, [200, "hello"], ENDED],
    ["6.3 without framing there is no body", keep("GET /hello") + END, [200, "hello"], ENDED],
    ["7.1.2 trailers are read away", keep("GET /hello", "Transfer-Encoding: chunked") + `0\r\nX: y\r\n\r\n${END}`, [200, "hello"], ENDED],
    ["9.3 MUST: HTTP/1.1 stays open", keep("GET /hello") + END, [200, "hello", "!Connection"], ENDED],
    ["9.3 HTTP/1.0 closes", `GET /hello HTTP/1.0\r\n\r\n${END}`, [200, "hello", "Connection: close"]],
    ["9.3 HTTP/1.0 with keep-alive stays", `GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n${END}`, [200, "hello", "Connection: keep-alive"], ENDED],
    ["9.3.2 MUST: pipelined requests are answered in order", keep("GET /nope") + keep("GET /hello") + keep("HEAD /hello") + END, [404, null], [200, "hello"], [200, ""], ENDED],
    ["9.6 MUST: close is sent back, and nothing read after it", get("X: y") + END, [200, "hello", "Connection: close"]],
    ["9.6 close is found in a list, in any case", keep("GET /hello", "Connection: foo, CLOSE") + END, [200, "hello", "Connection: close"]],
  ],
  "RFC 9110 methods and fields": [
    ["6.6.1 MUST: Date", get(), [200, "hello", "Date"]],
    ["8.3 SHOULD: Content-Type", get(), [200, "hello", "Content-Type: application/octet-stream", "X-Content-Type-Options: nosniff"]],
    ["8.6 MUST: no Content-Length in 204 and 304", ask("OPTIONS /hello"), [204, "", "!Content-Length"]],
    ["8.8.3 ETag", get(), [200, "hello", `ETag: ${TAG}`]],
    ["9.3.1 GET", ask("GET /hello"), [200, "hello", "Content-Length: 5"]],
    ["9.3.1 GET of no bytes", ask("GET /empty"), [200, "", "Content-Length: 0"]],
    ["9.3.2 MUST: HEAD has no body, SHOULD have the fields of GET", ask("HEAD /hello"), [200, "", "Content-Length: 5", `ETag: ${TAG}`, "Accept-Ranges: bytes"]],
    ["9.3.2 MUST: HEAD that is refused has no body", "HEAD /hello HTTP/2.0\r\n\r\n", [505, ""]],
    ["9.3.2 MUST: HEAD whose fields are refused has no body", keep("HEAD /hello", `X: ${"y".repeat(17000)}`), [431, ""]],
    ["9.3.2 MUST: HEAD whose framing is refused has no body", keep("HEAD /hello", "Transfer-Encoding: gzip, chunked"), [501, ""]],
    ["9.3.2 HEAD of a missing key", ask("HEAD /nope"), [404, "", "Content-Length: 12"]],
    ["9.3.7 OPTIONS", ask("OPTIONS /hello"), [204, "", "Allow: GET, HEAD, OPTIONS"]],
    ["9.1 SHOULD: a known method that is not for keys is 405", ask("PUT /hello"), [405, null, "Allow: GET, HEAD, OPTIONS"]],
    ["9.3.8 TRACE echoes nothing", ask("TRACE /hello", "X: secret"), [405, "Cannot TRACE a key: wanted GET or HEAD\n"]],
    ["9.3.6 CONNECT opens no tunnel", keep("CONNECT a:1") + END, [405, null], ENDED],
    ["9.1 MUST: methods are case-sensitive", ask("get /hello"), [501, null]],
    ["10.1.1 an expectation is answered with the final status at once", keep("POST /hello", "Expect: 100-continue", "Content-Length: 5") + END, [405, null, "Connection: close"]],
    ["10.1.1 an expectation without a body changes nothing", keep("GET /hello", "Expect: 100-continue") + END, [200, "hello", "!Connection"], ENDED],
    ["10.1.1 another expectation is 417", keep("GET /hello", "Expect: magic") + END, [417, null], ENDED],
    ["10.1.1 MUST: an expectation of HTTP/1.0 is ignored", `GET /hello HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx`, [200, "hello"]],
    ["10.2.4 Server has no version", get(), [200, "hello", "Server: redis-proxy"]],
    ["13.1.1 MUST: If-Match that fails is 412", get('If-Match: "x"'), [412, null, "Cache-Control: no-store"]],
    ["13.1.1 If-Match is a strong comparison", get(`If-Match: W/${TAG}`), [412, null]],
    ["13.1.1 If-Match that holds", get(`If-Match: "x", ${TAG}`), [200, "hello"]],
    ["13.1.1 If-Match: *", get("If-Match: *"), [200, "hello"]],
    ["13.1.2 MUST: If-None-Match that matches is 304", get(`If-None-Match: ${TAG}`), [304, "", `ETag: ${TAG}`, "Date", "Cache-Control: no-cache", "!Content-Length", "!Content-Type"]],
    ["13.1.2 MUST: weak comparison", get(`If-None-Match: W/${TAG}`), [304, ""]],
    ["13.1.2 lists", get(`If-None-Match: "x" , W/"y",${TAG}`), [304, ""]],
    ["13.1.2 several lines are one list", get('If-None-Match: "x"', `If-None-Match: ${TAG}`), [304, ""]],
    ["13.1.2 *", get("If-None-Match: *"), [304, ""]],
    ["13.1.2 no match", get('If-None-Match: "x"'), [200, "hello"]],
    ["13.1.2 MUST: HEAD likewise", ask("HEAD /hello", `If-None-Match: ${TAG}`), [304, "", `ETag: ${TAG}`]],
    ["13.1.3 MUST: If-Modified-Since is ignored without a date", get("If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT"), [200, "hello", "!Last-Modified"]],
    ["13.1.4 MUST: If-Unmodified-Since is ignored without a date", get("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"), [200, "hello"]],
    ["13.2.1 MUST: conditions are ignored where there is no 200", ask("GET /nope", "If-None-Match: *"), [404, null]],
    ["13.2.2 If-Match goes before If-None-Match", get('If-Match: "x"', "If-None-Match: *"), [412, null]],
    ["14.2 MUST: Range is for GET alone", ask("HEAD /hello", "Range: bytes=1-2"), [200, "", "Content-Length: 5"]],
    ["14.3 Accept-Ranges", get(), [200, "hello", "Accept-Ranges: bytes"]],
    ["14.1.2 first-last", get("Range: bytes=1-2"), [206, "el", "Content-Range: bytes 1-2/5", "Content-Length: 2", `ETag: ${TAG}`, "Date", "Cache-Control: no-cache"]],
    ["14.1.2 first-", get("Range: bytes=3-"), [206, "lo", "Content-Range: bytes 3-4/5"]],
    ["14.1.2 -suffix", get("Range: bytes=-2"), [206, "lo", "Content-Range: bytes 3-4/5"]],
    ["14.1.2 last beyond the end", get("Range: bytes=4-99"), [206, "o", "Content-Range: bytes 4-4/5"]],
    ["14.1.2 suffix beyond the start", get("Range: bytes=-99"), [206, "hello", "Content-Range: bytes 0-4/5"]],
    ["14.1.1 an invalid range is ignored", get("Range: bytes=2-1"), [200, "hello"]],
    ["14.2 another unit is ignored", get("Range: lines=1-2"), [200, "hello"]],
    ["14.2 several ranges may be answered with the whole", get("Range: bytes=0-0,2-2"), [200, "hello"]],
    ["15.5.17 unsatisfiable is 416", get("Range: bytes=5-"), [416, null, "Content-Range: bytes */5", "Cache-Control: no-store"]],
    ["15.5.17 nothing has no first byte", ask("GET /empty", "Range: bytes=0-"), [416, null, "Content-Range: bytes */0"]],
    ["13.1.5 If-Range that holds", get("Range: bytes=1-2", `If-Range: ${TAG}`), [206, "el"]],
    ["13.1.5 MUST: If-Range is a strong comparison", get("Range: bytes=1-2", `If-Range: W/${TAG}`), [200, "hello"]],
    ["13.1.5 If-Range of a date fails", get("Range: bytes=1-2", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"), [200, "hello"]],
    ["13.2.2 304 goes before 206", get("Range: bytes=1-2", "If-None-Match: *"), [304, ""]],
    ["15.5.5 a missing key", ask("GET /nope"), [404, "No such key\n", "Content-Type: text/plain; charset=utf-8", "Cache-Control: no-store", "!ETag"]],
    ["15.5.10 a key of another type", ask("GET /list"), [409, null, "Cache-Control: no-store", "!ETag"]],
    ["12.5.1 and RFC 9457: problem details for who wants JSON", ask("GET /nope", "Accept: application/problem+json"), [404, '{"title":"Not Found","status":404,"detail":"No such key"}\n', "Content-Type: application/problem+json"]],
    ["4.2.4 a user in the target is refused", keep("GET http://u:p@a/hello") + END, REFUSED],
    ["4.2.1 MUST: an http URI without a host is refused", keep("GET http:///hello") + END, REFUSED],
    ["4.2.3 an absolute target may leave the path out", ask("GET http://a?x"), [404, null]],
    ["4.2.3 an absolute target without a path is that of /", ask("GET http://a"), [200, null]],
    ["2.1 of RFC 3986: escapes are bytes", ask("GET /%68e%6clo"), [200, "hello"]],
    ["2.1 of RFC 3986: a slash is part of the key, escaped or not", ask("GET /a%2fb/c"), [200, "slashes"]],
    ["2.1 of RFC 3986: bytes outside of ASCII", ask("GET /%C3%A9"), [200, "accent"]],
    ["2.1 of RFC 3986: a bad escape is 400", keep("GET /%6") + END, REFUSED],
    ["2.1 of RFC 3986: a raw byte above ASCII is 400", keep("GET /\xc3\xa9") + END, REFUSED],
    ["2.1 of RFC 3986: a query is no part of the key", ask("GET /hello?a=b"), [200, "hello"]],
    ["2.1 of RFC 3986: an escaped question mark is", ask("GET /q%3f"), [200, "question"]],
  ],
  "RFC 9111 caching and RFC 9211 Cache-Status": [
    ["4 a first read is forwarded, and kept", ask("GET /first"), [200, "1", "!Age", "Cache-Control: no-cache", "Cache-Status: redis-proxy; fwd=uri-miss; stored; ttl=99"]],
    ["13 conditions and ranges work on a first read too", ask("GET /second", "Range: bytes=1-"), [206, "2", "Content-Range: bytes 1-1/2", "!Age"]],
    ["4 MUST: a hit has an Age", get(), [200, "hello", "Age: 0", "Cache-Status: redis-proxy; hit; ttl=99"]],
    ["5.2.1.1 max-age=0 forces a read", get("Cache-Control: max-age=0"), [200, "hello", "!Age", "Cache-Status: redis-proxy; fwd=request; stored; ttl=99"]],
    ["5.2.1.1 max-age=N takes a younger hit", get("Cache-Control: max-age=60"), [200, "hello", "Age: 0"]],
    ["5.2.1.1 an argument may be quoted", get('Cache-Control: max-age="0"'), [200, "hello", "Cache-Status: redis-proxy; fwd=request; stored; ttl=99"]],
    ["5.2.1.3 min-fresh that is met", get("Cache-Control: min-fresh=10"), [200, "hello", "Age: 0"]],
    ["5.2.1.3 min-fresh that is not met forces a read", get("Cache-Control: min-fresh=1000"), [200, "hello", "!Age"]],
    ["5.2.1.4 MUST: no-cache forces a read", get("Cache-Control: no-cache"), [200, "hello", "!Age", "Cache-Status: redis-proxy; fwd=request; stored; ttl=99"]],
    ["5.2.1.5 MUST: no-store keeps nothing", keep("GET /unkept", "Cache-Control: no-store") + ask("GET /unkept", "Cache-Control: only-if-cached"), [200, "u", "Cache-Status: redis-proxy; fwd=uri-miss"], [504, null]],
    ["5.2.1.7 SHOULD: only-if-cached is 504 where nothing is kept", ask("GET /never", "Cache-Control: only-if-cached"), [504, null, "Cache-Control: no-store", "!Age"]],
    ["5.2.1.7 only-if-cached takes a hit", get("Cache-Control: only-if-cached"), [200, "hello", "Age: 0"]],
    ["5.2.3 MUST: unknown directives are ignored", get('Cache-Control: x, y="no-cache", z=1'), [200, "hello", "Age: 0"]],
    ["3 a missing key is not storable", ask("GET /nope"), [404, null, "Cache-Control: no-store", "!Age", "!ETag"]],
  ],
  "request smuggling: one refusal, and the connection ends": [
    ["CL.TE", keep("POST /hello", "Content-Length: 6", "Transfer-Encoding: chunked") + `0\r\n\r\nG${END}`, REFUSED],
    ["TE.CL", keep("POST /hello", "Transfer-Encoding: chunked", "Content-Length: 4") + `5c\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n${END}`, REFUSED],
    ["CL.0: a body is never a request", keep("GET /hello", `Content-Length: ${END.length}`) + END + END, [200, "hello"], ENDED],
    ...["Transfer-Encoding: \xa0chunked", "Transfer-Encoding: chunked\xa0", "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding:\x0bchunked", "Transfer-Encoding: \x00chunked", " Transfer-Encoding: chunked", "X: x\nTransfer-Encoding: chunked", "Transfer-Encoding\r\n : chunked", "Transfer-Encoding: identity", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: 'chunked'"].map((field): Row => [`TE.TE, ${JSON.stringify(field)}`, keep("POST /hello", field) + `0\r\n\r\n${END}`, REFUSED]),
    ...["1\r\nContent-Length: 1", "1\r\nContent-Length: 2", "1, 1", "+1", "-1", "0x1", "1e0", " ", "1 2", "1;", "٣", "99999999999999999999"].map((length): Row => [`Content-Length: ${JSON.stringify(length)}`, keep("POST /hello", `Content-Length: ${length}`) + `x${END}`, REFUSED]),
    ...["1;a=b\r\nx\r\n", "1;\r\nx\r\n", "1;\nx\r\n", "1\nx\r\n", "1\r\nx\n", "1 \r\nx\r\n", "+1\r\nx\r\n", "0x1\r\nx\r\n", "2\r\nx\r\n", "1\r\nxy\r\n", "\r\n", "g\r\n"].map((chunk): Row => [`chunk ${JSON.stringify(chunk)}`, keep("GET /hello", "Transfer-Encoding: chunked") + `${chunk}0\r\n\r\n${END}`, REFUSED]),
    ["a chunk as large as a wrapped number", keep("GET /hello", "Transfer-Encoding: chunked") + `100000000\r\n${END}`, REFUSED],
    ["a request in a trailer", keep("GET /hello", "Transfer-Encoding: chunked") + `0\r\n${END}`, REFUSED],
    ["RESP in a body is never executed", keep("POST /hello", "Content-Length: 14") + `*1\r\n$4\r\nPING\r\n${END}`, [405, null], ENDED],
    ["RESP after a request is never executed", `${keep("GET /hello")}*1\r\n$4\r\nPING\r\n${END}`, [200, "hello"], REFUSED],
    ["RESP inline after a request is never executed", `${keep("GET /hello")}PING\r\n${END}`, [200, "hello"], REFUSED],
    ["a body too large to read away ends the connection", keep("GET /hello", "Content-Length: 70000") + END.repeat(100), [200, "hello", "Connection: close"]],
    ["chunks too large to read away end the connection", keep("GET /hello", "Transfer-Encoding: chunked") + `10001\r\n${END}`, [413, null, "Connection: close"]],
  ],
};

function get(...fields: string[]): string {
  return ask("GET /hello", ...fields);
}

/** How a reply differs from the expected one; empty if it does not. */
function differences(reply: RawReply, [status, body, ...fields]: Wanted): string[] {
  const found: string[] = [];
  if (reply.status !== status) found.push(`status ${reply.status} instead of ${status}`);
  if (body !== null && reply.body !== body) found.push(`body ${JSON.stringify(reply.body)}`);
  for (const field of fields) {
    const name = field.replace(/^!/, "").replace(/:.*/s, "");
    const value = fieldOf(reply, name);
    const isRight = field.startsWith("!")
      ? value === undefined
      : value !== undefined && (field === name || `${name}: ${value}` === field);
    if (!isRight) found.push(`${name}: ${value} instead of ${field}`);
  }
  return found;
}

Deno.test("HTTP follows the RFCs, requirement by requirement", async (t) => {
  await using redis = await startRedisServer();
  const sets = {
    hello: "hello",
    empty: '""',
    end: ".",
    first: "1",
    second: "12",
    unkept: "u",
    "a/b/c": "slashes",
    "q?": "question",
    '"\\xc3\\xa9"': "accent",
  };
  const commands = Object.entries(sets).map(([key, value]) => `SET ${key} ${value}\r\n`).join("");
  await askRedis(redis.port, `${commands}RPUSH list x\r\n`);
  // A hundred seconds minus the elapsed time, so all hits have a ttl of 99.
  await using proxy = await startProxy(redis.port, [
    "--coherence",
    "off",
    "--cache-timeout",
    "100",
  ]);
  for (const [section, rows] of Object.entries(ROWS)) {
    await t.step(section, async (t) => {
      for (const [requirement, request, ...wanted] of rows) {
        await t.step(requirement, async () => {
          using client = await RawClient.connect(proxy.port);
          await client.send(request);
          const text = await client.rest();
          const methods = request.split(/^(?=[A-Z]+ \S+ HTTP)/m).map((one) => one.split(" ")[0]!);
          const replies = splitReplies(text, methods.filter((method) => method.trim() !== ""));
          assertEquals(replies.length, wanted.length, text);
          const found = replies.flatMap((reply, index) => differences(reply, wanted[index]!));
          assertEquals(found, [], text);
        });
      }
    });
  }
});
