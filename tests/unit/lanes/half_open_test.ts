import { assertEquals } from "@std/assert";
import { HalfOpenWatch, type Watched } from "../../../src/lanes/half_open.ts";
import { Connection } from "../../../src/origin/wire/connection.ts";
import { FakeSocket, settled } from "../../support/fake_socket.ts";

/** Watched connections with these ids, of which Redis has some. */
function rig(known: readonly number[] | null, ...watched: [id: number | null, waits: number][]) {
  const asked: (readonly number[])[] = [];
  const found = { count: 0 };
  const shared = new Set<number>();
  const blocked = new Set<number>();
  const sockets = watched.map(() => new FakeSocket());
  const all = watched.map(([upstreamId, outstanding], index) => ({
    connection: new Connection(sockets[index]!),
    upstreamId,
    outstanding,
    patience: 1000,
    get isShared() {
      return upstreamId !== null && shared.has(upstreamId);
    },
  } as Watched));
  const watch = new HalfOpenWatch(
    () => all,
    (ids) => {
      asked.push(ids);
      return Promise.resolve(
        known === null ? null : new Map(known.map((id) => [id, blocked.has(id)])),
      );
    },
    1e6,
    () => found.count++,
  );
  const isOpen = () => all.map(({ connection }) => connection.loss === null);
  const end = () => {
    watch.stop();
    for (const { connection } of all) connection.close("done");
  };
  return { watch, asked, found, sockets, isOpen, end, shared, blocked };
}

Deno.test("connections that are silent and that Redis does not have are ended, and no others", async () => {
  const { watch, asked, isOpen, end } = rig([8], [7, 1], [8, 1], [9, 0], [null, 1]);
  await watch.look(0);
  await watch.look(999);
  assertEquals(asked, []);
  await watch.look(1000);
  assertEquals(asked, [[7, 8], [8]]);
  assertEquals(isOpen(), [false, true, true, true]);
  end();
});

Deno.test("a connection that Redis has is asked about again after the same time", async () => {
  const { watch, asked, end } = rig([8], [8, 1]);
  for (const now of [0, 1000, 1999, 2500, 2999, 3500]) await watch.look(now);
  assertEquals(asked, [[8], [8]]);
  end();
});

Deno.test("if one connection is lost, Redis is asked at once about all others that wait", async () => {
  const { watch, asked, found, isOpen, sockets, end } = rig([8], [7, 1], [8, 1], [9, 1], [10, 0]);
  await watch.look(0);
  for (const socket of sockets.slice(1)) socket.reply(">1\r\n+a\r\n");
  await settled();
  await watch.look(999);
  assertEquals([asked, found.count], [[], 0]);
  await watch.look(1000);
  assertEquals(asked, [[7], [8, 9]]);
  assertEquals([isOpen(), found.count], [[false, true, false, true], 1]);
  end();
});

Deno.test("a connection over which something comes is not asked about", async () => {
  const { watch, asked, sockets, isOpen, end } = rig([], [7, 1]);
  for (const now of [0, 900, 1800, 2700]) {
    await watch.look(now);
    sockets[0]!.reply(">1\r\n+a\r\n");
    await settled();
  }
  assertEquals([asked, isOpen()], [[], [true]]);
  end();
});

Deno.test("nothing is ended if Redis does not say what it has", async () => {
  const { watch, isOpen, end } = rig(null, [7, 1]);
  for (const now of [0, 1000, 2000, 3000]) await watch.look(now);
  assertEquals(isOpen(), [true]);
  end();
});

Deno.test("a shared connection is ended if Redis says twice that it is not blocked, and nothing comes", async () => {
  const { watch, isOpen, end, shared } = rig([7, 8], [7, 1], [8, 1]);
  shared.add(7);
  const open: boolean[][] = [];
  for (const now of [0, 999, 1000, 1200]) {
    await watch.look(now);
    open.push(isOpen());
  }
  assertEquals(open, [[true, true], [true, true], [true, true], [false, true]]);
  end();
});

Deno.test("a shared connection that Redis has blocked, as during a pause, is kept", async () => {
  const { watch, isOpen, end, shared, blocked } = rig([7], [7, 1]);
  shared.add(7);
  blocked.add(7);
  for (let now = 0; now < 10_000; now += 200) await watch.look(now);
  assertEquals(isOpen(), [true]);
  end();
});

Deno.test("a shared connection over which something comes after the first question is kept", async () => {
  const { watch, sockets, isOpen, end, shared } = rig([7], [7, 2]);
  shared.add(7);
  for (let now = 0; now < 10_000; now += 500) {
    await watch.look(now);
    if (now % 1500 === 1000) sockets[0]!.reply(">1\r\n+a\r\n");
    await settled();
  }
  assertEquals(isOpen(), [true]);
  end();
});
