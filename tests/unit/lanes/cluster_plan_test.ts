/** To which nodes a command goes, and how their replies become one. */
import { wordAt } from "../../../src/lanes/cluster/requests.ts";
import { requestOf } from "../../../src/origin/wire/outbox.ts";
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { CommandTable } from "../../../src/commands/table.ts";
import type { Reply } from "../../../src/commands/spec.ts";
import { slotOf } from "../../../src/core/slot.ts";
import {
  concat,
  joined,
  least,
  same,
  sum,
  sumByName,
  union,
} from "../../../src/lanes/cluster/joins.ts";
import { planOf } from "../../../src/lanes/cluster/plan.ts";
import { requestsIn } from "../../../src/lanes/cluster/requests.ts";
import { nextCursor, placeOfCursor } from "../../../src/lanes/cluster/scan.ts";
import type { RoutedNode } from "../../../src/lanes/cluster/router.ts";
import { Connection } from "../../../src/origin/wire/connection.ts";
import { startRedisServer } from "../../../tools/redis_server.ts";
import { request } from "../../support/client.ts";

/** The commands of a real server. */
async function realTable(): Promise<CommandTable> {
  await using redis = await startRedisServer();
  const connection = new Connection(
    await Deno.connect({ hostname: redis.host, port: redis.port }),
  );
  const reply = await connection.call("COMMAND");
  connection.close("asked");
  return CommandTable.of(reply as Reply);
}

Deno.test("planOf() sends a command to the slot of its keys, splits a few, and refuses the rest", async () => {
  const table = await realTable();
  const kindOf = (text: string) => {
    const words = text.split(" ");
    const list = { count: words.length, string: (at: number) => words[at]! };
    const plan = planOf(table.find(list), words);
    return plan.kind === "slot" ? plan.slot : plan.kind;
  };
  const a = slotOf("a");
  const wanted: [string, number | string][] = [
    ["SET a 1", a],
    ["get a", a],
    ["MGET a x{a}", a],
    ["MGET a b", "split"],
    ["MSET a 1 b 2", "split"],
    ["MSET a 1 b", "crossslot"],
    ["DEL a b", "split"],
    ["UNLINK a b", "split"],
    ["EXISTS a b", "split"],
    ["TOUCH a b", "split"],
    ["MSETNX a 1 b 2", "crossslot"],
    ["RENAME a b", "crossslot"],
    ["EVAL x 0", "any"],
    ["EVAL x 1 a b", a],
    ["EVAL x 2 a b", "crossslot"],
    ["EVALSHA x 1 a", a],
    ["XREAD COUNT 1 STREAMS a 0", a],
    ["XREAD STREAMS a b 0 0", "crossslot"],
    ["ZUNIONSTORE a 1 b", "crossslot"],
    ["SORT a STORE b", "crossslot"],
    ["SSUBSCRIBE a", a],
    ["SUBSCRIBE a", "any"],
    ["PUBLISH a x", "any"],
    ["PING", "any"],
    ["DBSIZE", "all"],
    ["KEYS *", "all"],
    ["FLUSHALL", "all"],
    ["SCRIPT LOAD x", "all"],
    ["FUNCTION LOAD x", "all"],
    ["PUBSUB NUMSUB x", "all"],
    ["SCAN 0", "scan"],
    ["HSCAN a 0", a],
    ["NOSUCH a", "any"],
  ];
  assertEquals(wanted.map(([text]) => [text, kindOf(text)]), wanted);
  const plan = planOf(table.find({ count: 1, string: () => "mset" }), [
    ..."MSET a 1 b 2 x{a} 3".split(" "),
  ]);
  assertEquals(plan.kind === "split" && plan.parts, [
    { slot: a, words: ["MSET", "a", "1", "x{a}", "3"], places: [0, 2] },
    { slot: slotOf("b"), words: ["MSET", "b", "2"], places: [1] },
  ]);
});

Deno.test("replies of several nodes become one, and an error of any is the reply", () => {
  const join = (how: typeof sum, ...replies: string[]) =>
    Buffer.from(joined(replies.map((one) => Buffer.from(one)), how)).toString("latin1");
  assertEquals(join(sum, ":1\r\n", ":2\r\n", ":0\r\n"), ":3\r\n");
  assertEquals(join(same, "+OK\r\n", "+OK\r\n"), "+OK\r\n");
  assertEquals(join(same, "$1\r\nx\r\n", "$1\r\nx\r\n"), "$1\r\nx\r\n");
  assertEquals(
    join(concat, "*1\r\n$1\r\na\r\n", "*0\r\n", "*1\r\n$2\r\nOK\r\n"),
    "*2\r\n$1\r\na\r\n$2\r\nOK\r\n",
  );
  assertEquals(join(union, "*1\r\n$1\r\na\r\n", "*1\r\n$1\r\na\r\n"), "*1\r\n$1\r\na\r\n");
  assertEquals(join(least, "*2\r\n:1\r\n:1\r\n", "*2\r\n:0\r\n:1\r\n"), "*2\r\n:0\r\n:1\r\n");
  assertEquals(
    join(sumByName, "*2\r\n$1\r\na\r\n:1\r\n", "*2\r\n$1\r\na\r\n:2\r\n"),
    "*2\r\n$1\r\na\r\n:3\r\n",
  );
  assertEquals(join(sum, ":1\r\n", "-OOM no\r\n", ":2\r\n"), "-OOM no\r\n");
});

Deno.test("requestsIn() finds the words of each request, whatever bytes they have", () => {
  const all = [["SET", "k", "a\r\n$1\r\n*\xff\0"], ["GET", ""], ["PING"]];
  const bytes = Buffer.from(all.map((words) => request(...words)).join(""), "latin1");
  assertEquals(requestsIn(bytes), all);
});

Deno.test("the cursor of a scan goes through all masters, also if one has left in between", () => {
  const address = {
    ...{ socket: null, host: "h", port: 1, tls: null, username: null, password: null, database: 0 },
  };
  const nodes = [0, 2, 5].map((index): RoutedNode => ({ name: `n${index}`, index, address }));
  const [a, b, c] = nodes as [RoutedNode, RoutedNode, RoutedNode];
  const at = (cursor: string, all = nodes) => {
    const place = placeOfCursor(cursor, all);
    return place === null ? null : [place.node.name, place.cursor];
  };
  assertEquals(at("0"), ["n0", "0"]);
  const big = "18014398509481983"; // 54 bits
  assertEquals(at(nextCursor(big, b, nodes)), ["n2", big]);
  assertEquals(at(nextCursor("0", a, nodes)), ["n2", "0"]);
  assertEquals(nextCursor("0", c, nodes), "0");
  assertEquals(at(nextCursor("17", b, nodes), [a, c]), ["n5", "0"]);
  for (const wrong of ["", "x", "-1", "1.5"]) assertEquals(at(wrong), null);
});

Deno.test("a word of a request is found without reading the others", () => {
  const bytes = requestOf("SET", "", "k\r\n\xff", "x".repeat(1000));
  const words = [0, 1, 2, 3, 4].map((index) => wordAt(bytes, index));
  assertEquals(words, ["SET", "", "k\r\n\xff", "x".repeat(1000), ""]);
});
