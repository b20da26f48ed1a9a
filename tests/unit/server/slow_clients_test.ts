import { assertEquals } from "@std/assert";
import { Ledger } from "../../../src/server/ledger.ts";
import { type SlowClient, SlowClients } from "../../../src/server/slow_clients.ts";

const memory = (bytes: number) => [new ArrayBuffer(bytes)];

/** A client that last took something at a time. */
function client(tookAt: number): SlowClient & { isCutOff: boolean; timesAhead: number } {
  return {
    tookAt,
    isCutOff: false,
    timesAhead: 0,
    readAhead() {
      this.timesAhead++;
    },
    cutOff() {
      this.isCutOff = true;
    },
  };
}

/** All slow clients, with this much memory for their replies. */
function slowClients(limit = Infinity) {
  const slow = new SlowClients(new Ledger(limit), 1024);
  return Object.assign(slow, { [Symbol.dispose]: () => slow.stop() });
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Never came true: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

Deno.test("SlowClients.hold() cuts off stuck clients, the longest first, until there is room", () => {
  using slow = slowClients(250);
  const clients = [client(300), client(100), client(200)];
  for (const one of clients) slow.hold(one, memory(100), 300);
  assertEquals(clients.map(({ isCutOff }) => isCutOff), [false, true, false]);
  assertEquals([slow.ledger.bytes, slow.holds(clients[1]!)], [200, false]);
});

Deno.test("SlowClients.hold() spares clients that take their replies, until they are stuck too", () => {
  using slow = slowClients(250);
  const clients = Array.from({ length: 10 }, () => client(950));
  for (const one of clients) slow.hold(one, memory(100), 1000);
  assertEquals(clients.some(({ isCutOff }) => isCutOff), false);
  assertEquals(slow.ledger.bytes, 1000);
  slow.relieve(1049);
  assertEquals(slow.ledger.bytes, 1000);
  slow.relieve(1050);
  assertEquals(clients.filter(({ isCutOff }) => isCutOff).length, 8);
  assertEquals(slow.ledger.bytes, 200);
});

Deno.test("SlowClients cuts off stuck clients even if no other client ever comes", async () => {
  using slow = slowClients(50);
  const last = client(performance.now());
  slow.hold(last, memory(100), last.tookAt);
  assertEquals(last.isCutOff, false);
  await until(() => last.isCutOff);
  assertEquals(slow.ledger.bytes, 0);
});

Deno.test("SlowClients.hold() again counts the new memory instead of the old", () => {
  using slow = slowClients();
  const one = client(0);
  slow.hold(one, memory(100), 0);
  slow.hold(one, [...memory(30), ...memory(40)], 0);
  assertEquals(slow.ledger.bytes, 70);
  slow.release(one);
  slow.release(one);
  assertEquals([slow.ledger.bytes, [...slow.clients]], [0, []]);
});

Deno.test("SlowClients reads ahead repeatedly from clients that read nothing, and from no others", async () => {
  using slow = slowClients();
  const [stuck, fine] = [client(-1000), client(Infinity)];
  for (const one of [stuck, fine]) slow.hold(one, [], 0);
  await until(() => stuck.timesAhead === 3);
  assertEquals(fine.timesAhead, 0);
});

Deno.test("SlowClients has no timer when there is no client", async () => {
  const slow = slowClients(50);
  const one = client(0);
  slow.hold(one, memory(100), 0);
  slow.release(one);
  // A timer that is still running would make this test fail.
  await new Promise((resolve) => setTimeout(resolve, 100));
});

Deno.test("SlowClients.sweep() counts, and cuts off stuck clients while there is too much", () => {
  using slow = slowClients(50);
  const one = client(0);
  slow.hold(one, memory(100), 50);
  assertEquals([slow.sweeps, one.isCutOff], [0, false]);
  slow.sweep(200);
  assertEquals([slow.sweeps, one.isCutOff], [1, true]);
});
