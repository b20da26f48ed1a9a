/**
 * The kinds of RESP requests: what each looks up, and how its reply is made of what was found.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import {
  type ClientRequest,
  Entry,
  Failure,
  type FailureReason,
  type Key,
  type Lookup,
  type Millis,
  type Outcome,
  type Value,
} from "../protocol.ts";
import type { Output } from "../output.ts";
import { turn } from "../turn.ts";
import { REPLY_BYTES, TURN_KEYS } from "./limits.ts";
import {
  encode,
  error,
  NIL,
  type RespVersion,
  writeArray,
  writeBulk,
  writeError,
  writeInteger,
} from "./replies.ts";

/** A request that needs no lookup: its reply is known when it is parsed. */
export class Fixed implements ClientRequest {
  constructor(readonly bytes: Uint8Array, readonly last = false) {}

  read(): undefined {}

  reply(output: Output): void {
    output.bytes(this.bytes);
  }
}

/** A request whose reply is this, as text of code units 0 to 255. */
export function tell(reply: string): ClientRequest {
  return new Fixed(encode(reply));
}

/** A request that is refused; `message` starts with its code. */
export function refuse(message: string): ClientRequest {
  return tell(error(message));
}

/** A request whose reply the client does not want. */
export class Muted implements ClientRequest {
  readonly last: boolean;

  constructor(request: ClientRequest) {
    this.last = request.last;
  }

  read(): undefined {}

  reply(): void {}
}

/** GET: the value of one key. */
export class Get implements ClientRequest {
  /** @param nil What stands for no value. */
  constructor(readonly key: Key, readonly nil: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome | Promise<Outcome> {
    return lookup.get(this.key, now);
  }

  reply(output: Output, found: Outcome): void {
    writeOutcome(output, found, this.nil);
  }
}

/** The same for a key whose bytes stand in the input: no string for a hit. */
class GetAt implements ClientRequest {
  #bytes: Buffer | undefined;
  #from = 0;
  #to = 0;

  constructor(readonly nil: Uint8Array) {}

  /** Makes this a request for the key in `[from, to)`. */
  at(bytes: Buffer, from: number, to: number): this {
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    return this;
  }

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Value | Outcome | Promise<Outcome> {
    const bytes = this.#bytes!;
    return lookup.find(bytes, this.#from, this.#to, now) ??
      lookup.get(bytes.toString("latin1", this.#from, this.#to), now);
  }

  reply(output: Output, found: Value | Outcome): void {
    if (found instanceof Uint8Array) writeBulk(output, found);
    else writeOutcome(output, found, this.nil);
  }
}

/**
 * What each plain GET is, by the version of the protocol. There is no other one for the next: a
 * request is read before another is parsed, by whichever client, and replies are all alike.
 */
export const PLAIN_GET: Readonly<Record<RespVersion, GetAt>> = {
  2: new GetAt(NIL[2]),
  3: new GetAt(NIL[3]),
};

/** MGET: the values of several keys. A key of another type is nil, as in Redis. */
export class GetMany implements ClientRequest {
  constructor(readonly keys: readonly Key[], readonly nil: Uint8Array) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome[] | Promise<Outcome[]> {
    const { keys } = this;
    return keys.length <= TURN_KEYS ? lookup.getMany(keys, now) : this.#readInTurns(lookup);
  }

  /** What is too much for one reply is not collected first. */
  async #readInTurns(lookup: Lookup): Promise<Outcome[]> {
    const found: Outcome[] = [];
    let bytes = 0;
    for await (const part of inTurns(lookup, this.keys)) {
      bytes += lengthOf(part);
      if (bytes > REPLY_BYTES) return [TOO_MUCH];
      for (const one of part) found.push(one);
    }
    return found;
  }

  reply(output: Output, found: readonly Outcome[]): void {
    const failure = firstFailure(found);
    if (failure !== undefined) return writeFailure(output, failure);
    if (found.length > 1 && lengthOf(found) > REPLY_BYTES) return writeFailure(output, TOO_MUCH);
    writeArray(output, found.length);
    for (const one of found) {
      if (one instanceof Entry) writeBulk(output, one.value);
      else output.bytes(this.nil);
    }
  }
}

/** EXISTS: how many of the keys there are, each as often as it is named. Of any type. */
export class Count implements ClientRequest {
  constructor(readonly keys: readonly Key[]) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome[] | Promise<Outcome[]> {
    const { keys } = this;
    return keys.length <= TURN_KEYS ? lookup.getMany(keys, now) : this.#readInTurns(lookup);
  }

  async #readInTurns(lookup: Lookup): Promise<Outcome[]> {
    const found: Outcome[] = [];
    for await (const part of inTurns(lookup, this.keys)) {
      // That it is there is all that matters: the value itself is let go.
      for (const one of part) found.push(one instanceof Entry ? PRESENT : one);
    }
    return found;
  }

  reply(output: Output, found: readonly Outcome[]): void {
    const failure = firstFailure(found);
    if (failure !== undefined) return writeFailure(output, failure);
    writeInteger(output, found.filter((one) => one !== null).length);
  }
}

/** STRLEN: the length of a value; that of none is 0. */
export class Measure implements ClientRequest {
  constructor(readonly key: Key) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome | Promise<Outcome> {
    return lookup.get(this.key, now);
  }

  reply(output: Output, found: Outcome): void {
    if (found instanceof Failure) return writeFailure(output, found);
    writeInteger(output, found === null ? 0 : found.value.length);
  }
}

/** GETRANGE: a part of a value; the part of none is empty. */
export class Part implements ClientRequest {
  /** @param from First and @param to last byte of the part; negative ones count from the end. */
  constructor(readonly key: Key, readonly from: number, readonly to: number) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome | Promise<Outcome> {
    return lookup.get(this.key, now);
  }

  reply(output: Output, found: Outcome): void {
    if (found instanceof Failure) return writeFailure(output, found);
    writeBulk(output, found === null ? NOTHING : this.#of(found.value));
  }

  /** As Redis has it: an end before the first byte is the first byte, unless the two are in disorder. */
  #of(value: Uint8Array): Uint8Array {
    const { from, to } = this;
    const { length } = value;
    if (from < 0 && to < 0 && from > to) return NOTHING;
    const start = Math.max(0, from < 0 ? length + from : from);
    const end = Math.max(0, to < 0 ? length + to : to);
    return start > end ? NOTHING : value.subarray(start, end + 1);
  }
}

const NOTHING = new Uint8Array();

/** Some value. */
const PRESENT = new Entry(NOTHING, 0, 0);

const TOO_MUCH = new Failure(
  "reply",
  `ERR Values of more than ${REPLY_BYTES / 1024 / 1024} MiB: ask for fewer keys at once`,
);

/** Reads many keys part by part, and lets the others have their turn in between. */
async function* inTurns(lookup: Lookup, keys: readonly Key[]): AsyncGenerator<Outcome[]> {
  for (let at = 0; at < keys.length; at += TURN_KEYS) {
    yield await lookup.getMany(keys.slice(at, at + TURN_KEYS), performance.now());
    await turn();
  }
}

/** The length of all values together, in bytes. */
function lengthOf(found: readonly Outcome[]): number {
  let bytes = 0;
  for (const one of found) if (one instanceof Entry) bytes += one.value.length;
  return bytes;
}

/** The first word of the error that a client sees; the words are part of the interface. */
const CODES: Record<Exclude<FailureReason, "reply">, string> = {
  away: "ORIGINDOWN",
  busy: "ORIGINBUSY",
  timeout: "ORIGINTIMEOUT",
  uncached: "UNCACHED",
};

function writeOutcome(output: Output, found: Outcome, nil: Uint8Array): void {
  if (found instanceof Entry) writeBulk(output, found.value);
  else if (found === null) output.bytes(nil);
  else writeFailure(output, found);
}

function writeFailure(output: Output, { reason, message }: Failure): void {
  writeError(output, reason === "reply" ? message : `${CODES[reason]} ${message}`);
}

/** The first key that could not be read at all: one of another type could. */
function firstFailure(found: readonly Outcome[]): Failure | undefined {
  return found.find((one): one is Failure => one instanceof Failure && !isWrongType(one));
}

function isWrongType(failure: Failure): boolean {
  return failure.reason === "reply" && failure.message.startsWith("WRONGTYPE ");
}
