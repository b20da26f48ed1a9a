// The store of entries: its bounds, who leaves and who stays, and that bytes are what they were.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Key, Value } from "../../../src/core/types.ts";
import { type HashKey, hashOf } from "../../../src/cache/store/hash.ts";
import type { Kept, Marks } from "../../../src/cache/store/record.ts";
import { Store, type StoreOptions } from "../../../src/cache/store/mod.ts";

const MIB = 2 ** 20;

interface Entry extends Kept {
  readonly key: Key;
}

const MARKS: Marks = {
  validFrom: 1.25,
  freshUntil: 7.75,
  refreshAt: Infinity,
  expiresAt: 2 ** 40 + 0.5,
  epoch: 3,
  generation: 2 ** 31 - 1,
};

/** A store, and who left it for want of room. */
function storeOf(options: Partial<StoreOptions> = {}) {
  const evicted: Key[] = [];
  const store = new Store<Entry>({ entries: 1e6, bytes: MIB, ...options }, {
    make: (key, marks, value) => entryOf(key, value, marks),
    evicted: (key) => evicted.push(key),
  });
  const set = (key: Key, value: Value | string) => store.set(key, entryOf(key, bytesOf(value)));
  const text = (key: Key) => textOf(store.peek(key)?.value);
  return { store, set, text, evicted };
}

function entryOf(key: Key, value: Value, marks = MARKS): Entry {
  const { validFrom, freshUntil, refreshAt, expiresAt, epoch, generation } = marks;
  return { key, value, validFrom, freshUntil, refreshAt, expiresAt, epoch, generation };
}

function bytesOf(value: Value | string): Value {
  return typeof value === "string" ? Uint8Array.from(value, (one) => one.charCodeAt(0)) : value;
}

function textOf(value: Value | undefined): string | undefined {
  return value && String.fromCharCode(...value);
}

/** Numbers from 0 to below a bound, by a seed (Park and Miller). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48271) % 0x7fffffff) % below;
}

Deno.test("Store.get() gives back a value with its marks, small or large", () => {
  for (const bytes of [1000, MIB]) {
    const { store, set } = storeOf({ bytes });
    for (const value of ["", "one", "x".repeat(500)]) {
      set("key", value);
      const { key, value: found, ...marks } = store.get("key")!;
      assertEquals([key, textOf(found)], ["key", value]);
      assertEquals(marks, MARKS);
    }
    assertEquals([store.size, store.get("other"), store.peek("other")], [1, undefined, undefined]);
  }
});

Deno.test("Store.find() finds a small entry by its key's bytes, all 256 of them", () => {
  const { store, set } = storeOf();
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  const keys = ["", ...all, ...Array.from(all, (one) => `${one}${all}`), all];
  for (const key of keys) set(key, `value of ${key.length} ${key}`);
  assertEquals(store.size, keys.length);
  for (const key of keys) {
    const around = bytesOf(`>${key}<`);
    const spot = store.find(around, 1, 1 + key.length)!;
    assertEquals(textOf(spot.take()), `value of ${key.length} ${key}`);
    assertEquals([spot.validFrom, spot.epoch], [MARKS.validFrom, MARKS.epoch]);
  }
  assertEquals(store.find(bytesOf("none"), 0, 4), undefined);
});

Deno.test("Store.set() replaces, also an entry of the other kind, and delete() takes away", () => {
  const { store, set, text } = storeOf();
  for (const value of ["small", "x".repeat(50_000), "other", "y".repeat(60_000), ""]) {
    set("key", value);
    assertEquals([store.size, text("key")], [1, value]);
  }
  set("large", "x".repeat(50_000));
  assertEquals([store.delete("key"), store.delete("key"), store.delete("large")], [
    true,
    false,
    true,
  ]);
  assertEquals([store.size, store.bytes], [0, 0]);
});

Deno.test("Store of no entries keeps none", () => {
  const { store, set } = storeOf({ entries: 0 });
  set("key", "value");
  set("large", "x".repeat(50_000));
  assertEquals(store.size, 0);
});

Deno.test("Store keeps its number of entries, and what is read or new stays", () => {
  for (const bytes of [100_000, MIB]) {
    const { store, set, evicted } = storeOf({ entries: 100, bytes });
    for (let index = 0; index < 1000; index++) {
      set(`key ${index}`, "value");
      store.get("key 0");
      assert(store.peek(`key ${index}`) !== undefined, `key ${index} left at once`);
    }
    assertEquals([store.size, evicted.length], [100, 900]);
    assert(store.peek("key 0") !== undefined, "what is always read has left");
    // Also where all others were read since.
    for (let index = 0; index < 1000; index++) store.get(`key ${index}`);
    set("new", "value");
    assertEquals([store.size, store.peek("new")?.key], [100, "new"]);
  }
});

Deno.test("Store keeps its bytes, what is dead in segments included", () => {
  for (const size of [0, 100, 900, 5000]) {
    const { store, set } = storeOf();
    const random = generator(size + 1);
    for (let turn = 0; turn < 20_000; turn++) {
      set(`key ${random(turn < 10_000 ? 20_000 : 50)}`, new Uint8Array(random(size + 1)));
      assert(store.heldBytes <= MIB, `${store.heldBytes} bytes are held`);
    }
    assert(store.size > 40, `${store.size} entries`);
  }
});

Deno.test("Store fills most of its bytes with entries", () => {
  const { store, set } = storeOf({ bytes: 16 * MIB });
  for (let index = 0; index < 200_000; index++) set(`key:${index}`, new Uint8Array(100));
  assert(store.bytes > 0.8 * 16 * MIB && store.heldBytes <= 16 * MIB, `${store.bytes} bytes`);
});

Deno.test("Store regains the bytes of what was replaced or deleted, and nobody has to go", () => {
  const { store, set, text, evicted } = storeOf({ bytes: 4 * MIB });
  for (let index = 0; index < 1000; index++) set(`kept ${index}`, `value ${index}`);
  for (let turn = 0; turn < 100_000; turn++) {
    set(`key ${turn % 10}`, new Uint8Array(500));
    if (turn % 3 === 0) store.delete(`key ${turn % 10}`);
  }
  assertEquals(evicted, []);
  for (let index = 0; index < 1000; index++) assertEquals(text(`kept ${index}`), `value ${index}`);
  assert(store.heldBytes < MIB + 2 * store.bytes, `${store.heldBytes} for ${store.bytes}`);
});

Deno.test("Store lets each kind have all bytes, and keeps half for it beside the other", () => {
  const { store, set } = storeOf();
  const large = (index: number) => set(`large ${index}`, new Uint8Array(50_000));
  for (let index = 0; index < 50; index++) large(index);
  assertEquals(store.size, Math.floor(MIB / (50_000 + 400 + 8)));
  for (let index = 0; index < 20_000; index++) set(`small ${index}`, new Uint8Array(100));
  const beside = Array.from({ length: 50 }, (_, index) => store.peek(`large ${index}`));
  const left = beside.filter((one) => one !== undefined).length;
  assert(left >= Math.floor(MIB / 2 / 50_408) && left < 13, `${left} large entries are left`);
  const small = store.size - left;
  for (let index = 50; index < 100; index++) large(index);
  assert(store.size > 0.7 * small, `${store.size} of ${small} small entries are left`);
  assert(store.heldBytes <= MIB);
});

Deno.test("Store leaves a value as it was that was handed out, whatever becomes of its entry", () => {
  const { store, set } = storeOf();
  set("key", "precious");
  const { value } = store.get("key")!;
  set("key", "worthless");
  for (let index = 0; index < 100_000; index++) set(`key ${index}`, new Uint8Array(100).fill(1));
  assertEquals([textOf(value), store.get("key")], ["precious", undefined]);
});

Deno.test("Store never differs from a map but for what has left", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = generator(seed * 7919);
    const options = { entries: 50 + random(2000), bytes: random(3) * MIB + 40_000 };
    const { store, set, text, evicted } = storeOf(options);
    const model = new Map<Key, string>();
    for (let turn = 0; turn < 8000; turn++) {
      const key = `key ${random(3000)}`;
      const what = `seed ${seed}, turn ${turn}`;
      if (random(10) === 0) {
        assertEquals(store.delete(key), model.delete(key), what);
      } else if (random(3) === 0) {
        const value = `${turn}`.padEnd(random(random(20) === 0 ? 20_000 : 200), "x");
        set(key, value);
        model.set(key, value);
        for (const gone of evicted.splice(0)) model.delete(gone);
      } else if (random(2) === 0) {
        assertEquals(textOf(store.get(key)?.value), model.get(key), what);
      } else {
        assertEquals(text(key), model.get(key), what);
      }
      assert(store.size <= options.entries && store.heldBytes <= options.bytes, what);
    }
    assertEquals(store.size, model.size);
  }
});

Deno.test("hashOf() depends on each byte, on where it stands, on the length and on the key", () => {
  const KEY: HashKey = [1, 2];
  const hash = (bytes: number[], key = KEY) => hashOf(key, Uint8Array.from(bytes), 0, bytes.length);
  const base = Array.from({ length: 11 }, () => 0);
  const seen = new Set([hash(base), hash(base, [1, 3]), hash(base, [3, 2])]);
  for (let length = 0; length < 11; length++) seen.add(hash(base.slice(0, length)));
  for (let at = 0; at < 11; at++) seen.add(hash(base.with(at, 1)));
  assertEquals(seen.size, 3 + 11 + 11);
  assertEquals(hashOf(KEY, Uint8Array.from([9, 5, 6, 7, 9]), 1, 4), hash([5, 6, 7]));
});

Deno.test("hashOf() spreads keys that differ little, another way with another key", () => {
  const slots = 2 ** 14;
  const spread = (key: HashKey) => {
    const counts = new Uint8Array(slots);
    for (let index = 0; index < slots; index++) {
      const bytes = bytesOf(`key:${String(index).padStart(12, "0")}`);
      const slot = hashOf(key, bytes, 0, bytes.length) & (slots - 1);
      counts[slot] = counts[slot]! + 1;
    }
    return counts;
  };
  const counts = spread([5, 6]);
  // By chance, 1 / e of the slots are empty, and none has more than a few.
  const empty = counts.filter((count) => count === 0).length / slots;
  assert(Math.abs(empty - Math.exp(-1)) < 0.02 && Math.max(...counts) < 12, `${empty} are empty`);
  assertNotEquals(counts, spread([6, 6]));
});
