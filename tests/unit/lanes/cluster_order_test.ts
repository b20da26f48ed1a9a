// The order of one client's commands for one slot, while nodes redirect some of them.
import { assert, assertEquals } from "@std/assert";
import { slotOf } from "../../../src/core/slot.ts";
import { travel } from "../../../src/lanes/cluster/journey.ts";
import type { Sender } from "../../../src/lanes/passing.ts";
import { request } from "../../support/client.ts";
import { settled } from "../../support/fake_socket.ts";
import { passable } from "../../support/lane_rig.ts";
import { HOLD, PlayedCluster, textOf } from "../../support/played_cluster.ts";

/** A test at whose end a connection may still be giving others a turn (`turn()`). */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false });
}

function aClient(): Sender {
  return { isCut: false, isCausal: false, onLong() {}, onDone() {} };
}

/** How a client's commands pass: each as a journey of its own, or in batches of two. */
type Way = "alone" | "batch";

/** Sends `APPEND key 0`, `APPEND key 1` and so on, each in its way. */
async function append(it: PlayedCluster, client: Sender, key: string, ways: readonly Way[]) {
  let count = 0;
  const sent = ways.map(async (way) => {
    if (way === "batch") {
      await it.pass([["APPEND", key, `${count++}`], ["APPEND", key, `${count++}`]], client);
    } else {
      const appended = passable("APPEND", key, `${count++}`);
      await textOf(await travel(it.traveller(client), appended, slotOf(key), null));
    }
  });
  await Promise.all(sent);
  return Array.from({ length: count }, (_, at) => `${at}`).join("");
}

const ORDERS: readonly Way[][] = [
  ["alone", "batch"],
  ["batch", "alone"],
  ["alone", "batch", "alone"],
  ["batch", "alone", "batch"],
  ["alone", "alone", "batch", "alone", "batch"],
];

for (const kind of ["MOVED", "ASK"]) {
  test(`commands that take different ways keep their order if all of them get ${kind}`, async () => {
    for (const ways of ORDERS) {
      for (const chunk of [Infinity, 7, 1]) {
        using it = new PlayedCluster();
        const [key = ""] = it.keysOf(0, 1);
        const [source, , target] = it.nodes;
        source!.chunk = chunk;
        source!.play = ([, name]) =>
          name === key ? `-${kind} ${slotOf(key)} ${target!.name}\r\n` : undefined;
        const wanted = await append(it, aClient(), key, ways);
        assertEquals(target!.values.get(key), wanted, `${ways} ${chunk}`);
        await settled();
        assert(it.heldUp.isEmpty);
      }
    }
  });
}

test("a command that was sent to the old node is executed before later ones, whoever learns first that the slot has moved", async () => {
  for (const isKnownByAnother of [true, false]) {
    using it = new PlayedCluster();
    const client = aClient();
    const [key = ""] = it.keysOf(0, 1);
    const [source, , target] = it.nodes;
    source!.play = ([name]) => name === "PING" ? undefined : HOLD;
    const first = travel(it.traveller(client), passable("APPEND", key, "0"), slotOf(key), null);
    await settled();
    if (isKnownByAnother) it.moved.set(slotOf(key), target!);
    const second = it.pass([["APPEND", key, "1"], ["APPEND", key, "2"]], client);
    await settled();
    if (!isKnownByAnother) it.moved.set(slotOf(key), target!);
    const third = travel(it.traveller(client), passable("APPEND", key, "3"), slotOf(key), null);
    await settled();
    assertEquals(target!.values.get(key), undefined);
    const refused = `-MOVED ${slotOf(key)} ${target!.name}\r\n`;
    const [socket] = source!.sockets;
    for (const reply of isKnownByAnother ? [refused] : [refused, refused, refused]) {
      socket!.reply(reply);
      await settled();
      assertEquals(target!.values.get(key), undefined);
    }
    socket!.reply("+PONG\r\n+PONG\r\n");
    await Promise.all([first, second, third]);
    assertEquals(target!.values.get(key), "0123");
    await settled();
    assert(it.heldUp.isEmpty);
  }
});

test("a command that comes while an earlier one is sent on waits for all that are still to be refused", async () => {
  using it = new PlayedCluster();
  const client = aClient();
  const [key = ""] = it.keysOf(0, 1);
  const [source, , target] = it.nodes;
  source!.play = () => HOLD;
  const append = (at: number) =>
    travel(it.traveller(client), passable("APPEND", key, `${at}`), slotOf(key), null);
  const sent = [append(0), append(1)];
  await settled();
  const refused = `-ASK ${slotOf(key)} ${target!.name}\r\n`;
  source!.sockets[0]!.reply(refused);
  await settled();
  sent.push(append(2));
  await settled();
  source!.sockets[0]!.reply(`${refused}+PONG\r\n`);
  await Promise.all(sent.slice(0, 2));
  while (!source!.sockets[0]!.written.includes(request("APPEND", key, "2"))) await settled();
  source!.sockets[0]!.reply(refused);
  await Promise.all(sent);
  assertEquals(target!.values.get(key), "012");
  await settled();
  assert(it.heldUp.isEmpty);
});

test("another client does not wait for commands that are redirected", async () => {
  using it = new PlayedCluster();
  const [key = ""] = it.keysOf(0, 1);
  const [source, , target] = it.nodes;
  let count = 0;
  source!.play = () => count++ === 0 ? `-ASK ${slotOf(key)} ${target!.name}\r\n` : undefined;
  target!.play = () => HOLD;
  const held = travel(it.traveller(aClient()), passable("APPEND", key, "0"), slotOf(key), null);
  await settled();
  await settled();
  assertEquals(await it.pass([["APPEND", key, "1"], ["GET", key]]), ":1\r\n$1\r\n1\r\n");
  target!.sockets[0]!.reply(":7\r\n");
  assertEquals(await textOf(await held), ":7\r\n");
});

test("commands behind one that waits for a slow node are not held back if its connection is lost", async () => {
  using it = new PlayedCluster();
  const client = aClient();
  const [key = ""] = it.keysOf(0, 1);
  const [source, , target] = it.nodes;
  source!.play = () => HOLD;
  const first = travel(it.traveller(client), passable("GET", key), slotOf(key), null);
  await settled();
  it.moved.set(slotOf(key), target!);
  const second = travel(it.traveller(client), passable("APPEND", key, "1"), slotOf(key), null);
  await settled();
  assertEquals(target!.values.get(key), undefined);
  source!.sockets[0]!.end();
  assertEquals(await textOf(await first), "$-1\r\n");
  assertEquals(await textOf(await second), ":1\r\n");
  await settled();
  assert(it.heldUp.isEmpty);
});
