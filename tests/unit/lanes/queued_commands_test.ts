import { assert, assertFalse } from "@std/assert";
import { ownCommand } from "../../../src/lanes/own_command.ts";
import { Passable } from "../../../src/lanes/passable.ts";
import { QueuedCommands } from "../../../src/lanes/queued_commands.ts";
import { passable, specOf } from "../../support/lane_rig.ts";

function queued(...commands: Passable[]): QueuedCommands {
  const all = new QueuedCommands();
  for (const one of commands) all.add(one);
  return all;
}

Deno.test("QueuedCommands may be sent again up to 1000 commands and 64 KiB", () => {
  const pings = (count: number) => Array.from({ length: count }, () => passable("PING"));
  assert(queued().isRepeatable);
  assert(queued(...pings(1000)).isRepeatable);
  assertFalse(queued(...pings(1001)).isRepeatable);
  const empty = ownCommand("ECHO", "x".repeat(10_000)).bytes.length;
  const echo = (bytes: number) => ownCommand("ECHO", "x".repeat(10_000 + bytes - empty));
  const all = queued(echo(64 * 1024));
  assert(all.isRepeatable);
  all.add(passable("PING"));
  assertFalse(all.isRepeatable);
  all.clear();
  assert(all.isRepeatable);
});

Deno.test("QueuedCommands of clients by id, or without bytes, are not sent again", () => {
  assertFalse(queued(passable("PING"), passable("client|kill", "ID", "7")).isRepeatable);
  const large = passable("EVAL", "return 1", "0").withBytes(new Uint8Array(0), {
    keys: [],
    beyond: "unnamed",
  });
  assertFalse(queued(large).isRepeatable);
});

Deno.test("QueuedCommands are broken by any refusal but that of a nested MULTI or WATCH", () => {
  const all = queued();
  all.refused(passable("MULTI"));
  all.refused(passable("WATCH", "k"));
  assertFalse(all.isBroken);
  // A server that ends the transaction has the flag.
  const { bytes, written } = passable("WATCH", "k");
  const words = { count: 1, string: () => "watch" };
  all.refused(new Passable(bytes, specOf("watch", "no_multi"), words, null, written));
  assert(all.isBroken);
  all.clear();
  assertFalse(all.isBroken);
  all.refused(passable("NOSUCH"));
  assert(all.isBroken);
});
