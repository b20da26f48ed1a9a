/**
 * Strong entity tags: the length and a digest of the bytes. Equal values have equal tags, even
 * after a restart and on another machine. They are the tags of `eTag` in @std/http, which digests
 * all bytes at once; here a large value is digested piece by piece, between replies to other
 * clients.
 * Source: RFC 9110 section 8.8.3.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Note, Value } from "../core/types.ts";

/** The longest value that is digested at once, which takes 50 microseconds, in bytes. */
export const AT_ONCE_BYTES = 64 * 1024;

/** The part of a large value that is digested in one turn of the event loop, in bytes. */
const DIGEST_BYTES = 1024 * 1024;

/** The length of the digest in a tag, in characters. */
const DIGEST_LENGTH = 27;

/** The tags of large values that are being made. */
const underWay = new WeakMap<Value, Promise<string>>();

/**
 * Returns the tag of a value in quotes, or `undefined` if `prepareTag` must make it first.
 *
 * @param place The place where the tag is noted.
 */
export function tagOf(value: Value, place: Note): string | undefined {
  if (place.note === null && value.length <= AT_ONCE_BYTES) place.note = digestAtOnce(value);
  return place.note ?? undefined;
}

function digestAtOnce(value: Uint8Array): string {
  return format(value, createHash("sha256").update(value).digest("base64"));
}

/** Makes the tag of a large value, once for all requests that come meanwhile. */
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
  for (let at = 0; at < value.length; at += DIGEST_BYTES) {
    hash.update(value.subarray(at, at + DIGEST_BYTES));
    await new Promise((resolve) => setTimeout(resolve));
  }
  return format(value, hash.digest("base64"));
}

function format(value: Uint8Array, digest: string): string {
  return `"${value.length.toString(16)}-${digest.slice(0, DIGEST_LENGTH)}"`;
}
