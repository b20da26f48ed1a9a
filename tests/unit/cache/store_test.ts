// The store of entries: its bounds, which entry it evicts, and that bytes stay the same.
import { assert, assertEquals } from "@std/assert";
import type { Key, Value } from "../../../src/core/types.ts";
import type { Entry, Marks } from "../../../src/cache/entry.ts";
import { CacheKey } from "../../../src/cache/key.ts";
import { EXACT_ENTRIES, Store, type StoreOptions } from "../../../src/cache/store/mod.ts";
import { ENTRY_OVERHEAD_BYTES } from "../../../src/cache/store/recent_entry.ts";

const MIB = 2 ** 20;

const MARKS: Marks = {
  validFrom: 1.25,
  freshUntil: 7.75,
  refreshAt: Infinity,
  expiresAt: 2 ** 40 + 0.5,
  epoch: 3,
  generation: 2 ** 31 - 1,
};

/**
 * A store, and the keys that left it to make room.
 *
 * @param crowd How many small entries it holds at first; with more than 1,000 it is packed.
 */
function storeOf(options: Partial<StoreOptions> = {}, crowd = 0) {
  const evicted: Key[] = [];
  const keys = new Map<number, Key>();
  const store = new Store({
    entries: 1e6,
    bytes: MIB,
    onEvict: (hash) => evicted.push(keys.get(hash)!),
    ...options,
  });
  const set = (key: Key, value: Value | string | null) => {
    const id = new CacheKey(key);
    keys.set(id.hash, key);
    return store.set(id, value === null ? NO_BYTES : bytesOf(value), value === null, MARKS);
  };
  const peek = (key: Key) => store.peek(new CacheKey(key));
  const get = (key: Key) => store.find(bytesOf(key), 0, key.length, new CacheKey(key).hash);
  const text = (key: Key) => textOf(peek(key)?.value);
  const remove = (key: Key) => store.delete(new CacheKey(key));
  for (let index = 0; index < crowd; index++) set(`crowd ${index}`, "value");
  return { store, set, get, peek, text, remove, evicted };
}

const NO_BYTES = new Uint8Array(0);
const PACKED = EXACT_ENTRIES + 1;

function bytesOf(value: Value | string): Value {
  return typeof value === "string" ? Uint8Array.from(value, (one) => one.charCodeAt(0)) : value;
}

function textOf(value: Value | undefined): string | undefined {
  return value && String.fromCharCode(...value);
}

function marksOf(entry: Entry): Marks {
  const { validFrom, freshUntil, refreshAt, expiresAt, epoch, generation } = entry;
  return { validFrom, freshUntil, refreshAt, expiresAt, epoch, generation };
}

/** Numbers from 0 to below a bound, by a seed (Park and Miller). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48271) % 0x7fffffff) % below;
}

/** Ranks from 0 to below a bound, the first ones most often (Zipf's law with exponent 1). */
function zipf(seed: number, ranks: number): () => number {
  const random = generator(seed);
  return () => Math.min(ranks - 1, Math.floor((ranks + 1) ** (random(1e6) / 1e6)) - 1);
}

for (const crowd of [0, PACKED]) {
  const among = crowd === 0 ? "among few" : "among many";

  Deno.test(`Store.get() returns a value with its marks, small or large, ${among}`, () => {
    const { store, set, get, peek } = storeOf({}, crowd);
    for (const value of ["", "one", "x".repeat(500), "x".repeat(50_000)]) {
      const kept = set("key", value)!;
      for (const entry of [kept, get("key")!, peek("key")!]) {
        assertEquals([textOf(entry.value), entry.isAbsence], [value, false]);
        assertEquals(marksOf(entry), MARKS);
      }
    }
    assertEquals([store.size, get("other"), peek("other")], [crowd + 1, undefined, undefined]);
  });

  Deno.test(`Store.find() finds an entry by the bytes of its key, all 256 of them, ${among}`, () => {
    const { store, set } = storeOf({}, crowd);
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
    const keys = ["", ...all, ...Array.from(all, (one) => `${one}${all}`), all];
    for (const key of keys) set(key, `value of ${key.length} ${key}`);
    assertEquals(store.size, crowd + keys.length);
    for (const key of keys) {
      const around = bytesOf(`>${key}<`);
      const entry = store.find(around, 1, 1 + key.length, new CacheKey(key).hash)!;
      assertEquals(textOf(entry.value), `value of ${key.length} ${key}`);
      assertEquals(marksOf(entry), MARKS);
    }
    assertEquals(store.find(bytesOf("none"), 0, 4, new CacheKey("none").hash), undefined);
  });

  Deno.test(`Store tells keys with the same hash apart, ${among}`, () => {
    const { store } = storeOf({}, crowd);
    const keys = ["", "k", "key:1", "key:2", "kex:1", "xey:1", "key:12", "key:123", "longer:key"];
    const withOneHash = keys.map((key) => new CacheKey(key, 77));
    for (const key of withOneHash) {
      store.set(key, bytesOf(`value of ${key.text}`), false, MARKS);
      const known = withOneHash.filter((one) => store.peek(one) !== undefined);
      assertEquals(known.length, withOneHash.indexOf(key) + 1);
    }
    for (const { text } of withOneHash) {
      const entry = store.find(bytesOf(text), 0, text.length, 77);
      assertEquals(textOf(entry?.value), `value of ${text}`);
    }
    assertEquals(store.find(bytesOf("other"), 0, 5, 77), undefined);
    for (const key of withOneHash) {
      assertEquals([store.delete(key), store.delete(key)], [true, false]);
    }
    assertEquals(store.size, crowd);
  });

  Deno.test(`Entry.keep() returns an entry that stays valid when the store is asked for others, ${among}`, () => {
    const { set, get } = storeOf({}, crowd);
    set("one", "first");
    set("two", "second");
    const one = get("one")!.keep();
    const two = get("two")!.keep();
    one.note = "noted";
    assertEquals([textOf(one.value), textOf(two.value), two.note], ["first", "second", null]);
    assertEquals([get("one")!.note, get("two")!.note], ["noted", null]);
    one.note = null;
    assertEquals(get("one")!.note, null);
  });

  Deno.test(`Store.set() replaces an entry of any kind, and delete() removes it, ${among}`, () => {
    const { store, set, text, peek, remove } = storeOf({}, crowd);
    const before = store.bytes;
    for (const value of ["small", "x".repeat(50_000), null, "other", "y".repeat(60_000), ""]) {
      set("key", value);
      assertEquals([store.size, text("key")], [crowd + 1, value ?? ""]);
      assertEquals(peek("key")!.isAbsence, value === null);
    }
    set("large", "x".repeat(50_000));
    set("absent", null);
    const removed = ["key", "key", "large", "large", "absent", "absent"].map(remove);
    assertEquals(removed, [true, false, true, false, true, false]);
    assertEquals([store.size, store.bytes], [crowd, before]);
  });

  Deno.test(`Store.set() does not change its arguments, and copies a part of a buffer, ${among}`, () => {
    const { set, text } = storeOf({}, crowd);
    for (const length of [5, 20_000]) {
      const buffer = new Uint8Array(30_000).fill(120);
      const part = buffer.subarray(100, 100 + length);
      const { value } = set("key", part)!;
      buffer.fill(121);
      assertEquals([textOf(value), text("key")], ["x".repeat(length), "x".repeat(length)]);
      assertEquals(textOf(part), "y".repeat(length));
    }
  });

  Deno.test(`Store never changes a value that it has returned, whatever happens to the entry, ${among}`, () => {
    const { set, get } = storeOf({}, crowd);
    const { value } = set("key", "precious")!;
    set("key", "worthless");
    for (let index = 0; index < 50_000; index++) set(`key ${index}`, new Uint8Array(100).fill(1));
    assertEquals([textOf(value), get("key")], ["precious", undefined]);
  });

  Deno.test(`a note stays with its entry, and goes with it, ${among}`, () => {
    const { store, set, get, remove } = storeOf({ bytes: 4 * MIB }, crowd);
    set("key", "value")!.note = "noted";
    set("other", "value");
    const before = store.heldBytes;
    assertEquals([get("key")!.note, get("other")!.note], ["noted", null]);
    // Many entries come and go, so that the remaining ones are moved.
    for (let turn = 0; turn < 100_000; turn++) {
      set(`key ${turn % 10}`, new Uint8Array(300));
      get("key");
    }
    assertEquals(get("key")!.note, "noted");
    set("key", "value");
    assertEquals(get("key")!.note, null);
    get("key")!.note = "again";
    remove("key");
    set("key", "value");
    assertEquals(get("key")!.note, null);
    assert(store.heldBytes < before + 2 * MIB);
  });
}

Deno.test("the memory of notes on packed values counts, until the entries leave", () => {
  const { store, set, peek, remove } = storeOf({ bytes: 4 * MIB }, PACKED);
  const before = store.heldBytes;
  const kept = peek("crowd 0")!.keep();
  for (let index = 0; index < 1000; index++) {
    const entry = peek(`crowd ${index}`)!;
    entry.note = "a".repeat(30);
    entry.note = "b".repeat(30);
  }
  assertEquals(store.heldBytes, before + 150_000);
  for (let index = 0; index < 500; index++) remove(`crowd ${index}`);
  assertEquals(store.heldBytes, before + 75_000);
  for (let index = 0; index < 100_000; index++) set(`new ${index}`, new Uint8Array(100));
  assertEquals(peek("crowd 999"), undefined);
  // A note on an evicted entry costs nothing.
  kept.note = "c".repeat(30);
  for (let index = 0; index < 10; index++) set(`noted ${index}`, "value")!.note = "d";
  const held = store.heldBytes;
  for (let index = 0; index < 10; index++) peek(`noted ${index}`)!.note = null;
  assertEquals(store.heldBytes, held - 1500);
  assert(store.heldBytes <= 4 * MIB);
});

Deno.test("a store for 0 entries keeps none", () => {
  const { store, set } = storeOf({ entries: 0 });
  const kept = [set("key", "value"), set("large", "x".repeat(50_000)), set("absent", null)];
  assertEquals([store.size, ...kept], [0, undefined, undefined, undefined]);
});

/** An exact LRU of keys and sizes, to compare with. */
class Model {
  readonly sizes = new Map<Key, number>();

  constructor(readonly entries: number, readonly bytes: number) {}

  get size(): number {
    return [...this.sizes.values()].reduce((sum, one) => sum + one, 0);
  }

  use(key: Key): void {
    const size = this.sizes.get(key);
    if (size === undefined) return;
    this.sizes.delete(key);
    this.sizes.set(key, size);
  }

  set(key: Key, length: number): void {
    this.sizes.delete(key);
    this.sizes.set(key, length + key.length + ENTRY_OVERHEAD_BYTES);
    for (const oldest of this.sizes.keys()) {
      if (this.sizes.size <= this.entries && this.size <= this.bytes) break;
      this.sizes.delete(oldest);
    }
  }
}

const EXACT: Record<string, { entries: number; bytes: number; keys: number; sizes: number[] }> = {
  "of 100 entries": { entries: 100, bytes: 64 * MIB, keys: 300, sizes: [100] },
  "of 1,000 entries": { entries: 1000, bytes: 64 * MIB, keys: 3000, sizes: [100, 10] },
  "of values small and large": {
    entries: 300,
    bytes: 64 * MIB,
    keys: 1000,
    sizes: [0, 100, 9000, 50_000],
  },
  "of 2 MiB": { entries: 10_000, bytes: 2 * MIB, keys: 3000, sizes: [5000, 2000, 9000, 50_000] },
  "of 100 kB": { entries: 10_000, bytes: 100_000, keys: 1000, sizes: [1, 100, 2000] },
};

for (const [what, { entries, bytes, keys, sizes }] of Object.entries(EXACT)) {
  Deno.test(`up to 1,000 entries, eviction is exact LRU in a store ${what}`, () => {
    const { store, set, get, peek } = storeOf({ entries, bytes });
    const model = new Model(entries, bytes);
    const random = generator(entries + bytes);
    const rank = zipf(keys, keys);
    for (let turn = 0; turn < 8000; turn++) {
      const key = `key ${rank()}`;
      const isKept = model.sizes.has(key);
      assertEquals(get(key) !== undefined, isKept, `${key} in turn ${turn}`);
      model.use(key);
      if (isKept && random(20) > 0) continue;
      const length = sizes[random(sizes.length)]!;
      set(key, new Uint8Array(length));
      model.set(key, length);
    }
    assertEquals(store.size, model.sizes.size);
    for (const key of model.sizes.keys()) assert(peek(key) !== undefined, `${key} has left`);
  });
}

Deno.test("the order of use is exact however many hits come before the next eviction", () => {
  const [entries, keys] = [500, 700];
  for (const hits of [8191, 8192, 8193, 30_000]) {
    const { set, get, peek } = storeOf({ entries, bytes: 64 * MIB });
    const model = new Model(entries, 64 * MIB);
    const rank = zipf(hits, entries);
    const add = (key: Key) => {
      set(key, "value");
      model.set(key, 5);
    };
    for (let index = 0; index < entries; index++) add(`key ${index}`);
    for (let hit = 0; hit < hits; hit++) {
      const key = `key ${rank()}`;
      get(key);
      model.use(key);
    }
    for (let index = entries; index < keys; index++) {
      add(`key ${index}`);
      for (const key of [...model.sizes.keys()].slice(0, 3)) {
        assert(peek(key) !== undefined, `${key} left too early, after ${hits} hits`);
      }
    }
    for (let index = 0; index < keys; index++) {
      assertEquals(peek(`key ${index}`) !== undefined, model.sizes.has(`key ${index}`));
    }
  }
});

Deno.test("an absent key is evicted in order with the values; absent keys are at most a tenth", () => {
  const { store, set, get, peek, evicted } = storeOf({ entries: 100 });
  for (let index = 0; index < 100; index++) set(`value ${index}`, "x");
  for (let index = 0; index < 10; index++) set(`absent ${index}`, null);
  assertEquals(evicted.splice(0), Array.from({ length: 10 }, (_, index) => `value ${index}`));
  get("absent 0");
  set("absent 10", null);
  // The oldest absent key makes room, not a value.
  assertEquals(evicted.splice(0), ["absent 1"]);
  for (let index = 0; index < 91; index++) set(`new ${index}`, "x");
  assertEquals([store.size, peek("absent 2")], [100, undefined]);
  assertEquals(evicted.splice(0).slice(-2), ["value 99", "absent 2"]);
  set("newest", "x");
  assertEquals(evicted, ["absent 3"]);
});

Deno.test("absent keys have at most a tenth of the bytes, with few and with many entries", () => {
  for (const crowd of [0, PACKED]) {
    const { store, set } = storeOf({ bytes: 2 * MIB }, crowd);
    const before = store.bytes;
    for (let index = 0; index < 1000; index++) set(`${index}`.padEnd(2000, "k"), null);
    assert(store.bytes - before <= 0.2 * MIB, `${store.bytes - before} bytes`);
    assert(store.bytes - before > 0.19 * MIB, `${store.bytes - before} bytes`);
  }
});

Deno.test("beyond 1,000 entries, the hit rate is within 0.01 of exact LRU", () => {
  for (const [entries, keys] of [[2000, 6000], [10_000, 30_000], [10_000, 100_000]] as const) {
    const { set, get } = storeOf({ entries, bytes: 64 * MIB });
    const lru = new Map<number, true>();
    const rank = zipf(7, keys);
    let [hits, exact] = [0, 0];
    const turns = 20 * entries;
    for (let turn = 0; turn < turns; turn++) {
      const key = rank();
      if (get(`key ${key}`) !== undefined) hits++;
      else set(`key ${key}`, new Uint8Array(100));
      if (lru.delete(key)) exact++;
      lru.set(key, true);
      for (const oldest of lru.keys()) {
        if (lru.size <= entries) break;
        lru.delete(oldest);
      }
    }
    const what = `${hits} hits, ${exact} by exact LRU, of ${turns}`;
    assert(Math.abs(hits - exact) < 0.01 * turns, what);
  }
});

Deno.test("Store keeps its number of entries and their order when it packs them", () => {
  const { store, set, get, text, evicted } = storeOf({ entries: 1500, bytes: 4 * MIB });
  const large = new Uint8Array(50_000);
  set("large", large);
  for (let index = 0; index < 999; index++) set(`key ${index}`, `value ${index}`);
  get("key 0");
  assertEquals([store.size, evicted.length], [1000, 0]);
  for (let index = 999; index < 1499; index++) set(`key ${index}`, `value ${index}`);
  assertEquals([store.size, evicted.length, text("large")?.length], [1500, 0, 50_000]);
  set("one more", "value");
  assertEquals(evicted.splice(0), ["key 1"]);
  for (const index of [0, 2, 500, 999, 1498]) assertEquals(text(`key ${index}`), `value ${index}`);
});

Deno.test("Store stays within its number of entries, and keeps read and new ones", () => {
  for (const [entries, bytes] of [[100, 100_000], [100, MIB], [2000, 4 * MIB]] as const) {
    const { store, set, get, peek, evicted } = storeOf({ entries, bytes });
    for (let index = 0; index < 10_000; index++) {
      set(`key ${index}`, "value");
      get("key 0");
      assert(peek(`key ${index}`) !== undefined, `key ${index} left at once`);
    }
    assertEquals([store.size, evicted.length], [entries, 10_000 - entries]);
    assert(peek("key 0") !== undefined, "what is always read has left");
    // Also if all others were read meanwhile.
    for (let index = 0; index < 10_000; index++) get(`key ${index}`);
    set("new", "value");
    assertEquals([store.size, peek("new") !== undefined], [entries, true]);
  }
});

Deno.test("Store stays within its bytes, dead records included", () => {
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

Deno.test("Store reuses the bytes of replaced and deleted entries without evictions", () => {
  const { store, set, text, remove, evicted } = storeOf({ bytes: 4 * MIB }, PACKED);
  for (let index = 0; index < 1000; index++) set(`kept ${index}`, `value ${index}`);
  for (let turn = 0; turn < 100_000; turn++) {
    set(`key ${turn % 10}`, new Uint8Array(500));
    if (turn % 3 === 0) remove(`key ${turn % 10}`);
  }
  assertEquals(evicted, []);
  for (let index = 0; index < 1000; index++) assertEquals(text(`kept ${index}`), `value ${index}`);
  assert(store.heldBytes < MIB + 2 * store.bytes, `${store.heldBytes} for ${store.bytes}`);
});

Deno.test("Store gives one kind all bytes, and each kind half if both need them", () => {
  const { store, set, peek } = storeOf({ bytes: 2 * MIB });
  const large = (index: number) => set(`large ${index}`, new Uint8Array(100_000));
  for (let index = 0; index < 50; index++) large(index);
  assertEquals(store.size, Math.floor(2 * MIB / (100_000 + ENTRY_OVERHEAD_BYTES + 8)));
  for (let index = 0; index < 40_000; index++) set(`small ${index}`, new Uint8Array(100));
  const beside = Array.from({ length: 50 }, (_, index) => peek(`large ${index}`));
  const left = beside.filter((one) => one !== undefined).length;
  assert(left >= Math.floor(MIB / 100_408) && left < 13, `${left} large entries are left`);
  const small = store.size - left;
  for (let index = 50; index < 100; index++) large(index);
  assert(store.size > 0.7 * small, `${store.size} of ${small} small entries are left`);
  assert(store.heldBytes <= 2 * MIB);
});

Deno.test("Store makes room for a large value among small ones that fill it", () => {
  const { store, set, peek } = storeOf({ bytes: 2 * MIB });
  for (let index = 0; index < 40_000; index++) set(`small ${index}`, new Uint8Array(100));
  const small = store.size;
  assert(set("large", new Uint8Array(500_000)) !== undefined);
  assert(store.heldBytes <= 2 * MIB && peek("large") !== undefined);
  assert(store.size > 0.6 * small && store.size < small, `${store.size} of ${small} entries`);
});

Deno.test("Store never differs from a map, except by evicted entries", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = generator(seed * 7919);
    const options = { entries: 50 + random(3000), bytes: random(3) * MIB + 40_000 };
    const { store, set, get, text, remove, evicted } = storeOf(options);
    const model = new Map<Key, string>();
    for (let turn = 0; turn < 10_000; turn++) {
      const key = `key ${random(5000)}`;
      const what = `seed ${seed}, turn ${turn}`;
      if (random(10) === 0) {
        assertEquals(remove(key), model.delete(key), what);
      } else if (random(3) === 0) {
        const value = `${turn}`.padEnd(random(random(20) === 0 ? 20_000 : 200), "x");
        set(key, value);
        model.set(key, value);
        for (const gone of evicted.splice(0)) model.delete(gone);
      } else if (random(2) === 0) {
        assertEquals(textOf(get(key)?.value), model.get(key), what);
      } else {
        assertEquals(text(key), model.get(key), what);
      }
      assert(store.size <= options.entries && store.heldBytes <= options.bytes, what);
    }
    assertEquals(store.size, model.size);
  }
});
