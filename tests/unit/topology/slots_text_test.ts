/** Replies to CLUSTER SLOTS: which of them mean the same. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { readText, type SlotsText } from "../../../src/topology/cluster/slots_text.ts";

interface Said {
  readonly host?: string;
  readonly last?: number;
  readonly id?: string;
  readonly replica?: number;
}

/** What a node says: the slots from 0 on are those of a master with a replica. */
function say({ host = "10.0.0.9", last = 100, id = "a", replica = 1 }: Said = {}): Uint8Array {
  const master = `*3\r\n$${host.length}\r\n${host}\r\n:7000\r\n$1\r\n${id}\r\n`;
  const other = `*3\r\n$1\r\nr\r\n:${replica}\r\n$1\r\nr\r\n`;
  return new TextEncoder().encode(`*1\r\n*4\r\n:0\r\n:${last}\r\n${master}${other}`);
}

/** The reply of a node at this address. */
const read = (said: Said, asked = "10.0.0.1", last: SlotsText | null = null) =>
  readText(say(said), asked, last);

Deno.test("replies that name the same masters mean the same, whoever replies and whatever the replicas", () => {
  const { shares } = read({});
  assert(read({}, "10.0.0.2").shares === shares);
  assert(read({ replica: 2 }).shares === shares);
  for (const other of [{ host: "10.0.0.8" }, { last: 101 }, { id: "b" }]) {
    assertNotEquals(read(other).shares, shares);
  }
});

Deno.test("a reply that leaves its host out means the node that has replied", () => {
  const names = (asked: string) => [...read({ host: "" }, asked).shares.keys()];
  assertEquals(names("10.0.0.1"), ["10.0.0.1:7000"]);
  assertEquals(names("10.0.0.2"), ["10.0.0.2:7000"]);
  assertEquals(names("10.0.0.1"), ["10.0.0.1:7000"]);
});

Deno.test("what a node said last is known again, however much the others have said meanwhile", () => {
  const last = read({});
  for (let id = 0; id < 9; id++) read({ id: `${id}` });
  assert(read({}, "10.0.0.1", last) === last);
  assert(read({ replica: 3 }, "10.0.0.1", last).shares === last.shares);
});
