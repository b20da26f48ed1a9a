/** Spare connections: kept ready, given away, proven and replaced. */
import { assertEquals } from "@std/assert";
import { Failure } from "../../../src/core/types.ts";
import { type Opened, Spares } from "../../../src/lanes/spares.ts";
import { connectTo, settled } from "../../support/fake_redis.ts";

/** Spares to a Redis that a test can take away. */
function rig(room = 100) {
  const it = {
    opened: [] as (Opened & { readonly redis: { readonly requests: string[] } })[],
    isAway: false,
    isSilent: false,
    room,
    get open() {
      return it.opened.filter(({ connection }) => connection.loss === null).length;
    },
    spares: undefined as unknown as Spares,
    look(times: number) {
      for (let count = 0; count < times; count++) it.spares.look();
    },
  };
  it.spares = new Spares(() => {
    if (it.isAway) return Promise.resolve(new Failure("away", "Redis is away"));
    const { connection, redis } = connectTo(() => it.isSilent ? "" : "+PONG\r\n");
    const one = { connection, redis, upstreamId: it.opened.length };
    it.opened.push(one);
    return Promise.resolve(one);
  }, () => it.room);
  return it;
}

Deno.test("Spares keeps four connections ready for each version that was wanted, and replaces those taken", async () => {
  const it = rig();
  assertEquals([it.spares.take(2), it.open], [undefined, 0]);
  it.spares.want(2);
  await settled();
  assertEquals([it.open, it.spares.take(3)], [4, undefined]);
  const taken = [1, 2, 3, 4].map(() => it.spares.take(2)?.upstreamId);
  assertEquals(taken, [0, 1, 2, 3]);
  await settled();
  assertEquals(it.open, 8);
  it.spares.want(3);
  await settled();
  assertEquals(it.open, 12);
});

Deno.test("Spares replaces a few that are taken with the next look, and many at once", async () => {
  for (const [taken, before, after] of [[1, 4, 5], [2, 4, 6], [3, 7, 7], [4, 8, 8]] as const) {
    const it = rig();
    it.spares.want(2);
    await settled();
    for (let count = 0; count < taken; count++) it.spares.take(2);
    await settled();
    assertEquals(it.open, before, `${taken} taken`);
    it.spares.look();
    await settled();
    assertEquals(it.open, after, `${taken} taken`);
  }
});

Deno.test("Spares opens no more connections than there is room for", async () => {
  for (const [room, open] of [[0, 0], [1, 1], [3, 3], [4, 4], [5, 4]] as const) {
    const it = rig(room);
    it.spares.want(2);
    await settled();
    assertEquals(it.open, open);
  }
});

Deno.test("Spares never gives away a connection that is lost, and replaces it", async () => {
  const it = rig();
  it.spares.want(2);
  await settled();
  for (const { connection } of it.opened.slice(0, 3)) connection.close("Redis closed it");
  assertEquals(it.spares.take(2)?.upstreamId, 3);
  await settled();
  assertEquals(it.spares.take(2)?.connection.loss, null);
});

Deno.test("Spares keeps those that prove that they lead to Redis, and no others", async () => {
  const it = rig();
  it.spares.want(2);
  await settled();
  it.look(10);
  await settled();
  assertEquals(it.opened.map(({ redis }) => redis.requests), Array(4).fill(["PING"]));
  it.isSilent = true;
  it.look(10);
  await settled();
  assertEquals([it.open, it.spares.take(2)], [4, undefined], "a proof is owed");
  it.look(10);
  await settled();
  assertEquals([it.open, it.opened.length], [4, 8]);
  assertEquals(it.spares.take(2)?.upstreamId, 4);
});

Deno.test("Spares tries again after a while if Redis lets no connection in", async () => {
  const it = rig();
  it.isAway = true;
  it.spares.want(2);
  await settled();
  it.isAway = false;
  it.look(9);
  await settled();
  assertEquals(it.open, 0);
  it.look(1);
  await settled();
  assertEquals(it.open, 4);
});

Deno.test("Spares.renew() replaces all, also those that are being opened, and close() ends all", async () => {
  const it = rig();
  it.spares.want(2);
  it.spares.renew("the password has changed");
  await settled();
  it.spares.renew("the password has changed");
  await settled();
  assertEquals([it.open, it.opened.length], [4, 12]);
  it.spares.close();
  await settled();
  it.look(10);
  await settled();
  assertEquals([it.open, it.opened.length], [0, 12]);
});
