/**
 * Strong entity tags: the length and a digest of the bytes, so that equal values have equal tags, in
 * this process, after a restart and on another machine. The same tag as `eTag` of @std/http gives,
 * which digests in one asynchronous go; here a small value is done at once, within a reply, and a
 * large one a piece at a time, between the replies to others. Source: RFC 9110 section 8.8.3.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Entry } from "../core/types.ts";

/** Size up to which a value is digested at once, about 50 microseconds, in bytes. */
export const AT_ONCE_BYTES = 64 * 1024;

/** What is digested of a large value in one turn of the event loop, in bytes. */
const PIECE_BYTES = 1024 * 1024;

/** Characters of the digest that are used. */
const DIGEST_LENGTH = 27;

/** Large values whose tags are being made. */
const underWay = new WeakMap<Entry, Promise<void>>();

/**
 * Tags of values that are parts of a larger piece of memory, as small ones in the cache are: by that
 * memory, and by where they start in it. Their entries are made anew for each hit, but the bytes at a
 * place are the same for as long as there is the memory. About 100 bytes for each value.
 */
const placed = new WeakMap<ArrayBufferLike, Map<number, string>>();

/** Returns the tag of an entry in its quotes, or `undefined` where `prepareTag` has to come first. */
export function tagOf(entry: Entry): string | undefined {
  if (entry.tag === null && entry.value.length <= AT_ONCE_BYTES) {
    const { value } = entry;
    const isPart = value.length < value.buffer.byteLength;
    entry.tag = isPart ? placedTag(value) : digestAtOnce(value);
  }
  return entry.tag ?? undefined;
}

function placedTag(value: Uint8Array): string {
  let tags = placed.get(value.buffer);
  if (tags === undefined) placed.set(value.buffer, tags = new Map());
  let tag = tags.get(value.byteOffset);
  if (tag === undefined) tags.set(value.byteOffset, tag = digestAtOnce(value));
  return tag;
}

function digestAtOnce(value: Uint8Array): string {
  return format(value, createHash("sha256").update(value).digest("base64"));
}

/** Makes the tag of a large value. */
export function prepareTag(entry: Entry): Promise<void> {
  let work = underWay.get(entry);
  if (work === undefined) {
    work = digestInTurns(entry);
    underWay.set(entry, work);
  }
  return work;
}

async function digestInTurns(entry: Entry): Promise<void> {
  const { value } = entry;
  const hash = createHash("sha256");
  for (let at = 0; at < value.length; at += PIECE_BYTES) {
    hash.update(value.subarray(at, at + PIECE_BYTES));
    await new Promise((resolve) => setTimeout(resolve));
  }
  entry.tag = format(value, hash.digest("base64"));
}

function format(value: Uint8Array, digest: string): string {
  return `"${value.length.toString(16)}-${digest.slice(0, DIGEST_LENGTH)}"`;
}
