import { assertEquals } from "@std/assert";
import { Backlog, type Holder } from "../../../src/server/reply_backlog.ts";

/** A client that last took something at a time. */
function holder(since: number): Holder & { isCutOff: boolean } {
  return {
    since,
    isCutOff: false,
    readAhead() {},
    cutOff() {
      this.isCutOff = true;
    },
  };
}

const memory = (bytes: number) => new ArrayBuffer(bytes);

Deno.test("Backlog.hold() cuts off those who are stuck, the longest first, until there is room", () => {
  const backlog = new Backlog(250);
  const clients = [holder(300), holder(100), holder(200)];
  for (const client of clients) backlog.hold(client, [memory(100)], 300);
  assertEquals(clients.map(({ isCutOff }) => isCutOff), [false, true, false]);
  assertEquals([backlog.bytes, backlog.isOver], [200, false]);
});

Deno.test("Backlog.hold() spares clients that take their replies", () => {
  const backlog = new Backlog(250);
  const clients = Array.from({ length: 10 }, () => holder(950));
  for (const client of clients) backlog.hold(client, [memory(100)], 1000);
  assertEquals(clients.some(({ isCutOff }) => isCutOff), false);
  assertEquals([backlog.bytes, backlog.isOver], [1000, true]);
  backlog.relieve(1049);
  assertEquals(backlog.bytes, 1000);
  backlog.relieve(1050);
  assertEquals(clients.filter(({ isCutOff }) => isCutOff).length, 8);
  assertEquals(backlog.bytes, 200);
});

Deno.test("Backlog counts memory that many wait for once", () => {
  const backlog = new Backlog(250);
  const value = memory(200);
  const clients = Array.from({ length: 10 }, () => holder(0));
  for (const client of clients) backlog.hold(client, [value, value], 1000);
  assertEquals([backlog.bytes, backlog.isOver], [200, false]);
  for (const client of clients) backlog.release(client);
  assertEquals(backlog.bytes, 0);
  backlog.release(clients[0]!);
  assertEquals(backlog.bytes, 0);
});
