// The encoder alone: one batch of replies into an output.
import { Output } from "../../src/server/output.ts";
import { writeBulk } from "../../src/resp/replies.ts";

const BATCH = 16;
const output = new Output();

for (const size of [3, 100, 1024, 10 * 1024]) {
  const value = new Uint8Array(size).fill(0x78);
  Deno.bench(`writeBulk: ${BATCH} values of ${size} B`, { group: "output" }, () => {
    for (let index = 0; index < BATCH; index++) writeBulk(output, value);
    output.clear();
  });
}

const fixed = new TextEncoder().encode("+PONG\r\n");

Deno.bench(`Output.bytes: ${BATCH} constants of 7 B`, { group: "output" }, () => {
  for (let index = 0; index < BATCH; index++) output.bytes(fixed);
  output.clear();
});
