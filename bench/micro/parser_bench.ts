// The RESP parser alone: from one batch of requests to keys.
import { Input } from "../../src/server/input.ts";
import { RespParser } from "../../src/resp/parse/parser.ts";
import { NO_GET, takeGet } from "../../src/resp/parse/plain_get.ts";
import { Buffer } from "node:buffer";
import { DATASETS, readOf } from "../dataset.ts";

const BATCH = 16;

function batchOf(requests: string): Buffer {
  return Buffer.from(requests, "latin1");
}

/** Puts a batch into the input, as a read from a socket would. */
function refill(input: Input, batch: Buffer): void {
  while (input.room().length < batch.length) input.received(input.room().length);
  input.start = input.end = 0;
  batch.copy(input.room());
  input.end = batch.length;
}

const gets = batchOf(
  Array.from({ length: BATCH }, (_, index) => readOf(DATASETS.main, [index * 77])).join(""),
);
const mget = batchOf(readOf(DATASETS.main, Array.from({ length: 10 }, (_, index) => index * 77)));

Deno.bench(`takeGet: ${BATCH} GETs`, { group: "parser", baseline: true }, () => {
  refill(input, gets);
  let count = 0;
  while (takeGet(input) !== NO_GET) count++;
  if (count !== BATCH) throw new Error("Cannot parse");
});

Deno.bench(`RespParser: ${BATCH} GETs, with their keys`, { group: "parser" }, () => {
  const parser = new RespParser();
  refill(input, gets);
  let length = 0;
  while (parser.next(input)) length += parser.args.string(1).length;
  if (length !== 16 * BATCH) throw new Error("Cannot parse");
});

Deno.bench("RespParser: one MGET of 10, with its keys", { group: "parser" }, () => {
  const parser = new RespParser();
  refill(input, mget);
  let length = 0;
  while (parser.next(input)) {
    for (let index = 1; index < parser.args.count; index++) {
      length += parser.args.string(index).length;
    }
  }
  if (length !== 160) throw new Error("Cannot parse");
});

const input = new Input();
