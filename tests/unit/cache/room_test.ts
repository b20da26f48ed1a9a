// The room that the stores of several databases share.
import { assert, assertEquals } from "@std/assert";
import { CacheKey } from "../../../src/cache/key.ts";
import { Store } from "../../../src/cache/store/mod.ts";
import { Room } from "../../../src/cache/store/room.ts";

const MIB = 2 ** 20;
const MARKS = {
  validFrom: 0,
  freshUntil: 1,
  refreshAt: Infinity,
  expiresAt: 1,
  epoch: 0,
  generation: 0,
};

function storeIn(room: Room) {
  const store = new Store({ entries: room.entries, bytes: room.bytes, room, onEvict() {} });
  const fill = (from: number, to: number, length = 5) => {
    for (let index = from; index < to; index++) {
      store.set(new CacheKey(`key ${index}`), new Uint8Array(length), false, MARKS);
    }
  };
  return { store, fill };
}

for (const entries of [1, 2, 3, 64, 999, 1000, 1001, 5000]) {
  Deno.test(`a Store alone in a room of ${entries} uses all of it`, () => {
    const { store, fill } = storeIn(new Room(entries, 64 * MIB));
    fill(0, entries + 10);
    assertEquals(store.size, entries);
  });

  Deno.test(`two Stores in a room of ${entries} share it, whichever was full first`, () => {
    const room = new Room(entries, 64 * MIB);
    const one = storeIn(room);
    one.fill(0, entries);
    const two = storeIn(room);
    for (let index = 0; index < 2 * entries; index++) {
      two.fill(index, index + 1);
      // A room of one entry has none for each of two.
      assert(one.store.size + two.store.size <= Math.max(entries, 2), "the bound holds at once");
    }
    const part = Math.floor(entries / 2);
    assert(one.store.size >= part, `the first keeps its part, has ${one.store.size}`);
    assert(two.store.size >= part, `the second gets its part, has ${two.store.size}`);
    one.store.close();
    two.fill(0, 2 * entries + 10);
    assertEquals(two.store.size, entries);
  });
}

for (const length of [100, 5000, 100_000]) {
  Deno.test(`two Stores share the bytes of a room, with values of ${length} bytes`, () => {
    const room = new Room(1e6, 16 * MIB);
    const one = storeIn(room);
    const count = Math.ceil(20 * MIB / length);
    one.fill(0, count, length);
    const two = storeIn(room);
    for (let index = 0; index < count; index++) {
      two.fill(index, index + 1, length);
      const held = one.store.heldBytes + two.store.heldBytes;
      assert(held <= room.bytes + 2 * MIB, `${held} bytes`);
    }
    assert(one.store.heldBytes > 4 * MIB, `the first has ${one.store.heldBytes}`);
    assert(two.store.heldBytes > 4 * MIB, `the second has ${two.store.heldBytes}`);
  });
}
