import { assert, assertEquals, assertRejects } from "@std/assert";
import { Ledger } from "../../../src/server/ledger.ts";
import { ReadAhead } from "../../../src/server/read_ahead.ts";
import { ReadAheadRoom } from "../../../src/server/read_ahead_room.ts";
import { MemoryConn } from "../../support/memory_conn.ts";

const KB = 1024;

/** Lets everything that is ready happen. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A client that is read ahead, by default with its own budget. */
function reading(
  { limit = Infinity, space = new ReadAheadRoom(new Ledger(Infinity), limit) } = {},
) {
  const conn = new MemoryConn();
  const it = { conn, space, isOver: false };
  const ahead = new ReadAhead(conn, space, () => it.isOver = true);
  return Object.assign(it, { ahead });
}

/** Reads until there is an end, in pieces of any size. */
async function rest(ahead: ReadAhead, size: number): Promise<string> {
  let text = "";
  const room = new Uint8Array(size);
  for (;;) {
    const count = await ahead.read(room);
    if (count === null) return text;
    text += new TextDecoder().decode(room.subarray(0, count));
  }
}

/** Text in which each character differs from its neighbours. */
const text = (length: number) =>
  Array.from({ length: length / 8 }, (_, index) => `${index}`.padStart(8)).join("");

Deno.test("ReadAhead.read() gives all bytes in order, whatever the sizes", async () => {
  const all = text(400 * KB);
  for (const size of [1, 100, 1024, 5000, 400 * KB]) {
    for (const room of [KB, 64 * KB]) {
      const { conn, ahead, space } = reading();
      for (let at = 0; at < all.length && conn.unread < 3000; at += size) {
        conn.send(all.slice(at, at + size));
      }
      const sent = Math.min(all.length, 3000 * size);
      ahead.goOn();
      await settle();
      assertEquals(conn.unread, 0);
      conn.end();
      assert(await rest(ahead, room) === all.slice(0, sent), `${size} bytes, room for ${room}`);
      assertEquals([ahead.held, space.bytes, space.ledger.bytes], [0, 0, 0]);
    }
  }
});

Deno.test("ReadAhead.read() waits for the pending read, and is over after it", async () => {
  const { conn, ahead } = reading();
  ahead.goOn();
  const room = new Uint8Array(10);
  const first = ahead.read(room);
  conn.send("first");
  assertEquals(await first, 5);
  await settle();
  assertEquals(conn.reads, 1);
  const second = ahead.read(room);
  await settle();
  assertEquals(conn.reads, 2);
  conn.send("next");
  assertEquals(await second, 4);
});

Deno.test("ReadAhead.read() says that it is over once the source alone has more", async () => {
  const it = reading();
  const { conn, ahead } = it;
  conn.send("one");
  ahead.goOn();
  await settle();
  const room = new Uint8Array(10);
  assertEquals([await ahead.read(room), it.isOver], [3, false]);
  conn.send("two"); // The read under way gets it.
  assertEquals([await ahead.read(room), it.isOver], [3, false]);
  conn.send("three");
  assertEquals([await ahead.read(room), it.isOver], [5, true]);
});

Deno.test("ReadAhead.read() fills its room as long as there is more", async () => {
  const { conn, ahead } = reading();
  for (let count = 0; count < 300; count++) conn.send("x".repeat(300));
  ahead.goOn();
  await settle();
  const room = new Uint8Array(64 * KB);
  assertEquals(await ahead.read(room), 64 * KB);
  assertEquals(await ahead.read(room), 300 * 300 - 64 * KB);
});

Deno.test("ReadAhead.read() throws the error of the connection, after the bytes that came before", async () => {
  const { conn, ahead, space } = reading();
  conn.send("before");
  conn.break(new Deno.errors.ConnectionReset("gone"));
  ahead.goOn();
  await settle();
  const room = new Uint8Array(10);
  assertEquals(await ahead.read(room), 6);
  await assertRejects(() => ahead.read(room), Deno.errors.ConnectionReset, "gone");
  assertEquals(space.bytes, 0);
});

Deno.test("ReadAhead.goOn() stops at the limit of one client, and continues when there is room", async () => {
  const limit = 100 * KB;
  const { conn, ahead, space } = reading({ limit });
  const all = text(300 * KB);
  conn.send(all);
  ahead.goOn();
  await settle();
  assertEquals(space.bytes, limit);
  ahead.goOn();
  await settle();
  assertEquals(space.bytes, limit);
  const room = new Uint8Array(64 * KB);
  assertEquals(await ahead.read(room), 64 * KB);
  ahead.goOn();
  await settle();
  assertEquals(space.bytes, limit);
  conn.end();
  assert(new TextDecoder().decode(room) + await rest(ahead, 64 * KB) === all);
});

Deno.test("ReadAhead keeps little more than the received bytes, even if they come one by one", async () => {
  const { conn, ahead } = reading();
  for (let count = 0; count < 3000; count++) conn.send("x");
  ahead.goOn();
  await settle();
  assertEquals(ahead.held, 3000 + KB);
});

Deno.test("ReadAhead.drop() returns all room, and that of the read under way when it ends", async () => {
  for (const end of ["send", "close"] as const) {
    const { conn, ahead, space } = reading();
    conn.send("x".repeat(1000));
    ahead.goOn();
    await settle();
    ahead.drop();
    assertEquals(space.bytes, KB);
    conn[end]("more");
    await settle();
    assertEquals([space.bytes, space.ledger.bytes], [0, 0]);
  }
});

/**
 * Clients that send nearly 100 KB each. The budget is 200 KB, of which one client may have 100 KB.
 */
function three() {
  const space = new ReadAheadRoom(new Ledger(400 * KB), 100 * KB);
  const clients = Array.from({ length: 3 }, () => reading({ space }));
  for (const { conn } of clients) conn.send("x".repeat(99.5 * KB));
  return { space, clients };
}

Deno.test("ReadAheadRoom.grant() keeps to the budget, and gives one client its limit in any case", async () => {
  const { space, clients } = three();
  for (const { ahead } of clients) ahead.goOn();
  await settle();
  for (const { ahead } of clients) ahead.goOn();
  await settle();
  const held = clients.map(({ ahead }) => ahead.held).sort((left, right) => right - left);
  assertEquals(held[0], 100 * KB);
  assert(held[1]! + held[2]! <= 100 * KB, `${held}`);
  assert(space.bytes <= 200 * KB && space.ledger.bytes === space.bytes, `${held}`);
  // Once that client no longer needs it, it is another one's turn.
  const first = clients.find(({ ahead }) => ahead.held === held[0])!;
  const others = clients.filter((client) => client !== first);
  const room = new Uint8Array(100 * KB);
  assertEquals(await first.ahead.read(room), 99.5 * KB);
  first.ahead.read(room);
  for (const { ahead } of others) ahead.goOn();
  await settle();
  assert(others.some(({ ahead }) => ahead.held === 100 * KB));
});

Deno.test("ReadAheadRoom.grant() leaves the replies their room", () => {
  const ledger = new Ledger(400 * KB);
  const space = new ReadAheadRoom(ledger, 100 * KB);
  const replies = [new ArrayBuffer(399.5 * KB)];
  ledger.hold(replies);
  const { ahead } = reading({ space });
  assertEquals(space.grant(ahead, KB), 0);
  ledger.release(replies);
  assertEquals(space.grant(ahead, KB), KB);
});
