import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { eTag } from "@std/http/etag";
import { AT_ONCE_BYTES, prepareTag, tagOf } from "../../../src/http/entity_tag.ts";
import { Entry } from "../../../src/core/types.ts";

function entryOf(value: Uint8Array): Entry {
  return new Entry(value, 0, 0);
}

Deno.test("tagOf() gives a small value the tag of @std/http at once, and keeps it", async () => {
  for (const length of [1, 100, AT_ONCE_BYTES]) {
    const value = new Uint8Array(length).fill(7);
    const entry = entryOf(value);
    assertEquals(tagOf(entry), await eTag(value));
    assertEquals(entry.tag, await eTag(value) ?? null);
  }
});

Deno.test("tagOf() gives the empty value a tag too", () => {
  assertEquals(tagOf(entryOf(new Uint8Array())), '"0-47DEQpj8HBSa+/TImW+5JCeuQeR"');
});

Deno.test("tagOf() wants a large value's tag to be prepared, which gives the same one", async () => {
  for (const length of [AT_ONCE_BYTES + 1, 2 * 1024 * 1024, 2 * 1024 * 1024 + 1]) {
    const value = new Uint8Array(length).fill(7);
    const entry = entryOf(value);
    assertEquals(tagOf(entry), undefined);
    const work = prepareTag(entry);
    assert(prepareTag(entry) === work, "the work is done twice");
    await work;
    assertEquals(tagOf(entry), await eTag(value));
  }
});

Deno.test("tagOf() tells values apart", () => {
  assertNotEquals(
    tagOf(entryOf(new Uint8Array([1, 2]))),
    tagOf(entryOf(new Uint8Array([1, 3]))),
  );
});

Deno.test("tagOf() keeps the tag of a part of a larger piece of memory for whoever has the part anew", async () => {
  const memory = new Uint8Array(100).map((_, index) => index);
  for (const [from, to] of [[0, 10], [10, 30], [30, 30], [90, 100]] as const) {
    const part = () => entryOf(memory.subarray(from, to));
    const tag = tagOf(part())!;
    assertEquals(tag, tagOf(entryOf(memory.slice(from, to)))!);
    assert(Object.is(tagOf(part()), tag));
  }
  // Told by its place alone: it is not digested again.
  memory.fill(0);
  assertEquals(
    tagOf(entryOf(memory.subarray(0, 10))),
    await eTag(memory.map((_, i) => i).slice(0, 10)),
  );
});
