/**
 * The kinds of RESP requests: what each looks up, and how its reply is made of what was found.
 *
 * @module
 */
import {
  type ClientRequest,
  Entry,
  Failure,
  type FailureReason,
  type Key,
  type Lookup,
  type Millis,
  type Outcome,
} from "../protocol.ts";
import type { Output } from "../output.ts";
import { NULL_BULK, writeArray, writeBulk, writeError } from "./replies.ts";

/** A request that needs no lookup: its reply is known when it is parsed. */
export class Fixed implements ClientRequest {
  constructor(readonly bytes: Uint8Array, readonly last = false) {}

  read(): undefined {}

  reply(output: Output): void {
    output.bytes(this.bytes);
  }
}

/** GET: the value of one key. */
export class Get implements ClientRequest {
  constructor(readonly key: Key) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome | Promise<Outcome> {
    return lookup.get(this.key, now);
  }

  reply(output: Output, found: Outcome): void {
    if (found instanceof Entry) writeBulk(output, found.value);
    else if (found === null) output.bytes(NULL_BULK);
    else writeFailure(output, found);
  }
}

/** MGET: the values of several keys. A key of another type is nil, as in Redis. */
export class GetMany implements ClientRequest {
  constructor(readonly keys: readonly Key[]) {}

  get last(): boolean {
    return false;
  }

  read(lookup: Lookup, now: Millis): Outcome[] | Promise<Outcome[]> {
    return lookup.getMany(this.keys, now);
  }

  reply(output: Output, found: readonly Outcome[]): void {
    const failure = found.find((one) => one instanceof Failure && !isWrongType(one));
    if (failure !== undefined) return writeFailure(output, failure as Failure);
    writeArray(output, found.length);
    for (const one of found) {
      if (one instanceof Entry) writeBulk(output, one.value);
      else output.bytes(NULL_BULK);
    }
  }
}

/** The first word of the error that a client sees; the words are part of the interface. */
const CODES: Record<Exclude<FailureReason, "reply">, string> = {
  away: "ORIGINDOWN",
  busy: "ORIGINBUSY",
  timeout: "ORIGINTIMEOUT",
  uncached: "UNCACHED",
};

function writeFailure(output: Output, { reason, message }: Failure): void {
  writeError(output, reason === "reply" ? message : `${CODES[reason]} ${message}`);
}

function isWrongType(failure: Failure): boolean {
  return failure.reason === "reply" && failure.message.startsWith("WRONGTYPE ");
}
