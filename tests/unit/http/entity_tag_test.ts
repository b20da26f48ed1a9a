import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { eTag } from "@std/http/etag";
import type { Note } from "../../../src/core/types.ts";
import { AT_ONCE_BYTES, prepareTag, tagOf } from "../../../src/http/entity_tag.ts";

Deno.test("tagOf() gives a small value the tag of @std/http at once, and notes it", async () => {
  for (const length of [1, 100, AT_ONCE_BYTES]) {
    const value = new Uint8Array(length).fill(7);
    const place = { note: null };
    assertEquals(tagOf(value, place), await eTag(value));
    assertEquals(place.note, await eTag(value) ?? null);
  }
});

Deno.test("tagOf() does not digest a value whose tag is noted", () => {
  assertEquals(tagOf(new Uint8Array(100), { note: '"noted"' }), '"noted"');
});

Deno.test("tagOf() gives the empty value a tag too", () => {
  assertEquals(tagOf(new Uint8Array(), { note: null }), '"0-47DEQpj8HBSa+/TImW+5JCeuQeR"');
});

Deno.test("tagOf() wants a large value's tag to be prepared, which gives the same one", async () => {
  for (const length of [AT_ONCE_BYTES + 1, 2 * 1024 * 1024, 2 * 1024 * 1024 + 1]) {
    const value = new Uint8Array(length).fill(7);
    const place: Note = { note: null };
    assertEquals(tagOf(value, place), undefined);
    const work = prepareTag(value);
    assert(prepareTag(value) === work, "the work is done twice");
    place.note = await work;
    assertEquals(tagOf(value, place), await eTag(value));
  }
});

Deno.test("tagOf() tells values apart", () => {
  assertNotEquals(
    tagOf(new Uint8Array([1, 2]), { note: null }),
    tagOf(new Uint8Array([1, 3]), { note: null }),
  );
});
