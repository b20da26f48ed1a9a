import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Reply } from "../../../src/commands/spec.ts";
import { CommandTable } from "../../../src/commands/table.ts";
import { slotOf } from "../../../src/core/slot.ts";
import { HANG_UP } from "../../../src/core/reply_stream.ts";
import { Failure } from "../../../src/core/types.ts";
import { Batch } from "../../../src/lanes/batch.ts";
import { Dispatch, type Send } from "../../../src/lanes/cluster/dispatch.ts";
import { requestsIn } from "../../../src/lanes/cluster/requests.ts";
import { Passable } from "../../../src/lanes/passable.ts";
import { request } from "../../support/client.ts";

const TABLE = CommandTable.of(
  [
    ["set", -3, ["write"], 1, 1, 1, ["@write"]],
    ["get", 2, ["readonly"], 1, 1, 1, ["@read"]],
    ["mget", -2, ["readonly"], 1, -1, 1, ["@read"]],
  ] as Reply,
);

const ROUTER = {
  owners: [],
  nodeOf: () => null,
  redirection: () => null,
  refresh: () => {},
};

/** A batch of `SET a 1`, `MGET a b` and `GET c`. */
function aBatch(): Passable {
  const [first, ...others] = [["SET", "a", "1"], ["MGET", "a", "b"], ["GET", "c"]];
  const list = (words: string[]) => ({ count: words.length, string: (at: number) => words[at]! });
  const spec = (words: string[]) => TABLE.find(list(words));
  const bytes = (words: string[]) => Buffer.from(request(...words), "latin1");
  const batch = new Batch(new Passable(bytes(first!), spec(first!), list(first!)));
  for (const words of others) batch.add(spec(words)!, list(words), bytes(words).length);
  return batch.request(Buffer.concat(others.map(bytes)));
}

Deno.test("the commands of a batch go to their own nodes if Redis is a cluster by now", async () => {
  const sent: [string, number | null][] = [];
  const send: Send = (one, slot) => {
    const [words] = requestsIn(one.bytes);
    sent.push([words!.join(" "), slot]);
    const reply = words![0] === "SET"
      ? "+OK\r\n"
      : words![0] === "GET"
      ? "$1\r\nc\r\n"
      : "*1\r\n$1\r\n1\r\n";
    return Promise.resolve(Buffer.from(reply, "latin1"));
  };
  const passed = await new Dispatch(ROUTER, TABLE, send).run(aBatch(), 2);
  assertEquals(sent.toSorted(), [
    ["GET c", slotOf("c")],
    ["MGET a", slotOf("a")],
    ["MGET b", slotOf("b")],
    ["SET a 1", slotOf("a")],
  ]);
  const replies = "+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\nc\r\n";
  assertEquals(Buffer.from(passed as Uint8Array).toString("latin1"), replies);
});

Deno.test("a batch gets an error only if none of its commands was executed", async () => {
  const away = new Failure("away", "Redis is away: refused");
  const run = (lost: readonly string[]) => {
    const send: Send = (one) => {
      const isLost = lost.includes(requestsIn(one.bytes)[0]![0]!);
      return Promise.resolve(isLost ? away : Buffer.from("*0\r\n", "latin1"));
    };
    return new Dispatch(ROUTER, TABLE, send).run(aBatch(), 2);
  };
  assertEquals(await run(["GET"]), HANG_UP);
  assertEquals(await run(["SET"]), HANG_UP);
  assertEquals(await run(["SET", "MGET", "GET"]), away);
});
