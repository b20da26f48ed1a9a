/**
 * The kinds of RESP requests for no key or one: what each looks up, and how its reply is made of
 * what was found.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import {
  Entry,
  Failure,
  type FailureReason,
  type Key,
  type Lookup,
  type Millis,
  type Outcome,
  type Value,
} from "../core/types.ts";
import type { ClientRequest } from "../server/protocol.ts";
import type { Output } from "../server/output.ts";
import {
  encode,
  error,
  NIL,
  type RespVersion,
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

/** The first word of the error that a client sees; the words are part of the interface. */
const CODES: Record<FailureReason, string> = {
  away: "ORIGINDOWN ",
  busy: "ORIGINBUSY ",
  refused: "ORIGINREFUSED ",
  timeout: "ORIGINTIMEOUT ",
  uncached: "UNCACHED ",
  // These are in the words of Redis, code included.
  reply: "",
  unready: "",
};

function writeOutcome(output: Output, found: Outcome, nil: Uint8Array): void {
  if (found instanceof Entry) writeBulk(output, found.value);
  else if (found === null) output.bytes(nil);
  else writeFailure(output, found);
}

/** Appends the error that a failure is to a client. */
export function writeFailure(output: Output, { reason, message }: Failure): void {
  writeError(output, CODES[reason] + message);
}
