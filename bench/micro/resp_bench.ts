// RESP without sockets: from the bytes of one batch of requests to the bytes of the replies.
import { Buffer } from "node:buffer";
import type { Lookup } from "../../src/core/types.ts";
import { Resp } from "../../src/resp/mod.ts";
import { Input } from "../../src/server/input.ts";
import { Output } from "../../src/server/output.ts";
import { PEER, respContext } from "../../tests/support/resp_context.ts";
import { DATASETS, readOf } from "../dataset.ts";

const BATCH = 16;
const VALUE = Buffer.alloc(100, "v");

/** A cache in which every key is a hit that costs nothing. */
const hits: Lookup = { get: () => VALUE, together: (read) => read(), explain: () => ({}) };

const input = new Input();
const output = new Output();

function answer(resp: Resp, batch: Buffer): void {
  while (input.room().length < batch.length) input.received(input.room().length);
  input.start = input.end = 0;
  batch.copy(input.room());
  input.end = batch.length;
  for (let request = resp.next(input); request !== undefined; request = resp.next(input)) {
    request.reply(output, request.read(hits, 0));
  }
  output.clear();
}

function batchOf(count: number, perRequest: number): Buffer {
  const requests = Array.from({ length: count }, (_, index) => {
    const keys = Array.from({ length: perRequest }, (_, at) => 77 * index + at);
    return readOf(DATASETS.main, keys);
  });
  return Buffer.from(requests.join(""), "latin1");
}

const resp = new Resp(respContext(), PEER);
const gets = batchOf(BATCH, 1);
const one = batchOf(1, 1);
const mget = batchOf(1, 10);
const pings = Buffer.from("*1\r\n$4\r\nPING\r\n".repeat(BATCH));

Deno.bench(`Resp: ${BATCH} GETs`, { group: "resp", baseline: true }, () => answer(resp, gets));
Deno.bench("Resp: one GET", { group: "resp" }, () => answer(resp, one));
Deno.bench("Resp: one MGET of 10", { group: "resp" }, () => answer(resp, mget));
Deno.bench(`Resp: ${BATCH} PINGs`, { group: "resp" }, () => answer(resp, pings));
