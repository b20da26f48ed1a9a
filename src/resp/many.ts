/**
 * The kinds of RESP requests for several keys: read in one trip where they are few, else part by
 * part, so that others have their turn in between.
 *
 * @module
 */
import {
  Entry,
  Failure,
  type Key,
  type Lookup,
  type Millis,
  type Outcome,
  type Value,
} from "../core/types.ts";
import type { ClientRequest } from "../server/protocol.ts";
import type { Output } from "../server/output.ts";
import { turn } from "../core/event_loop.ts";
import { type Arguments, tail } from "./commands/command.ts";
import { REPLY_BYTES, TURN_KEYS } from "./parse/limits.ts";
import { writeArray, writeBulk, writeInteger } from "./replies.ts";
import { writeFailure } from "./requests.ts";

/** What is found of one key: the value of a plain hit, or an outcome of another kind. */
type Item = Value | Outcome;

/** MGET: the values of several keys. A key of another type is nil, as in Redis. */
export class GetMany implements ClientRequest {
  /** @param args The keys, from the second on; they are looked at by `read` last. */
  constructor(readonly args: Arguments, readonly nil: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Item[] | Promise<Item[]> {
    const { args } = this;
    return args.count - 1 > TURN_KEYS
      ? collect(inTurns(lookup, tail(args, 1)))
      : readHits(lookup, args, now);
  }

  reply(output: Output, found: readonly Item[]): void {
    const failure = firstFailure(found);
    if (failure !== undefined) return writeFailure(output, failure);
    if (found.length > 1 && lengthOf(found) > REPLY_BYTES) return writeFailure(output, TOO_MUCH);
    writeArray(output, found.length);
    for (const one of found) {
      const value = valueOf(one);
      if (value !== null) writeBulk(output, value);
      else output.bytes(this.nil);
    }
  }
}

/** Plain hits by their bytes, without a string for any; of the other keys one trip. */
function readHits(lookup: Lookup, args: Arguments, now: Millis): Item[] | Promise<Item[]> {
  const { bytes, count } = args;
  const items: Item[] = [];
  const missing: number[] = [];
  for (let index = 1; index < count; index++) {
    const value = bytes === null
      ? undefined
      : lookup.find(bytes, args.from(index), args.to(index), now);
    if (value === undefined) missing.push(index - 1);
    items.push(value ?? null);
  }
  if (missing.length === 0) return items;
  const found = lookup.getMany(missing.map((index) => args.string(index + 1)), now);
  const fill = (outcomes: Outcome[]) => {
    missing.forEach((index, at) => items[index] = outcomes[at]!);
    return items;
  };
  return found instanceof Promise ? found.then(fill) : fill(found);
}

/** A value that was found, else null. */
function valueOf(item: Item): Value | null {
  if (item instanceof Uint8Array) return item;
  return item instanceof Entry ? item.value : null;
}

/** EXISTS: how many of the keys there are, each as often as it is named. Of any type. */
export class Count implements ClientRequest {
  constructor(readonly keys: readonly Key[]) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome[] | Promise<Outcome[]> {
    const { keys } = this;
    if (keys.length <= TURN_KEYS) return lookup.getMany(keys, now);
    return collectPresence(inTurns(lookup, keys));
  }

  reply(output: Output, found: readonly Outcome[]): void {
    const failure = firstFailure(found);
    if (failure !== undefined) return writeFailure(output, failure);
    writeInteger(output, found.filter((one) => one !== null).length);
  }
}

/** Some value. */
const PRESENT = new Entry(new Uint8Array(), 0, 0);

const TOO_MUCH = new Failure(
  "reply",
  `ERR Values of more than ${REPLY_BYTES / 1024 / 1024} MiB: ask for fewer keys at once`,
);

type Parts = AsyncIterable<Outcome[]>;

/** Reads many keys part by part, and lets the others have their turn in between. */
async function* inTurns(lookup: Lookup, keys: readonly Key[]): Parts {
  for (let at = 0; at < keys.length; at += TURN_KEYS) {
    yield await lookup.getMany(keys.slice(at, at + TURN_KEYS), performance.now());
    await turn();
  }
}

/** What is too much for one reply is not collected first. */
async function collect(parts: Parts): Promise<Outcome[]> {
  const found: Outcome[] = [];
  let bytes = 0;
  for await (const part of parts) {
    bytes += lengthOf(part);
    if (bytes > REPLY_BYTES) return [TOO_MUCH];
    for (const one of part) found.push(one);
  }
  return found;
}

/** That it is there is all that matters: the value itself is let go. */
async function collectPresence(parts: Parts): Promise<Outcome[]> {
  const found: Outcome[] = [];
  for await (const part of parts) {
    for (const one of part) found.push(one instanceof Entry ? PRESENT : one);
  }
  return found;
}

/** The length of all values together, in bytes. */
function lengthOf(found: readonly Item[]): number {
  let bytes = 0;
  for (const one of found) bytes += valueOf(one)?.length ?? 0;
  return bytes;
}

/** The first key that could not be read at all: one of another type could. */
function firstFailure(found: readonly Item[]): Failure | undefined {
  return found.find((one): one is Failure => one instanceof Failure && !isWrongType(one));
}

function isWrongType(failure: Failure): boolean {
  return failure.reason === "reply" && failure.message.startsWith("WRONGTYPE ");
}
