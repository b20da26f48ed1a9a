/**
 * Strong entity tags: the length and a digest of the bytes, so that equal values have equal tags, in
 * this process, after a restart and on another machine. The same tag as `eTag` of @std/http gives,
 * which digests in one asynchronous go; here a small value is done at once, within a reply, and a
 * large one a piece at a time, between the replies to others. Source: RFC 9110 section 8.8.3.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Note, Value } from "../core/types.ts";

/** Size up to which a value is digested at once, about 50 microseconds, in bytes. */
export const AT_ONCE_BYTES = 64 * 1024;

/** What is digested of a large value in one turn of the event loop, in bytes. */
const PIECE_BYTES = 1024 * 1024;

/** Characters of the digest that are used. */
const DIGEST_LENGTH = 27;

/** Large values whose tags are being made. */
const underWay = new WeakMap<Value, Promise<string>>();

/**
 * Returns the tag of a value in its quotes, or `undefined` where `prepareTag` has to come first.
 *
 * @param place Where the tag is noted.
 */
export function tagOf(value: Value, place: Note): string | undefined {
  if (place.note === null && value.length <= AT_ONCE_BYTES) place.note = digestAtOnce(value);
  return place.note ?? undefined;
}

function digestAtOnce(value: Uint8Array): string {
  return format(value, createHash("sha256").update(value).digest("base64"));
}

/** Makes the tag of a large value, once for all who ask meanwhile. */
export function prepareTag(value: Value): Promise<string> {
  let work = underWay.get(value);
  if (work === undefined) {
    work = digestInTurns(value);
    underWay.set(value, work);
  }
  return work;
}

async function digestInTurns(value: Value): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < value.length; at += PIECE_BYTES) {
    hash.update(value.subarray(at, at + PIECE_BYTES));
    await new Promise((resolve) => setTimeout(resolve));
  }
  return format(value, hash.digest("base64"));
}

function format(value: Uint8Array, digest: string): string {
  return `"${value.length.toString(16)}-${digest.slice(0, DIGEST_LENGTH)}"`;
}
