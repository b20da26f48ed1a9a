import { assert, assertEquals, assertRejects } from "@std/assert";
import { Output } from "../../../src/server/output.ts";
import { ALL_BYTES, MemorySink, random, written } from "../../support/wire.ts";
import { Buffer } from "node:buffer";

Deno.test("Output.decimal() writes numbers as String() does", async () => {
  const numbers = [0, 9, 10, 99, 100, 999, 1000, 65535, 65536, 99_999_999, 100_000_000]
    .concat([999_999_999, 1_000_000_000, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 40, 2 ** 53 - 1]);
  for (const number of numbers) {
    assertEquals(await written((output) => output.decimal(number)), String(number));
  }
});

Deno.test("Output.latin1() and bytes() write all 256 bytes unchanged", async () => {
  const bytes = Buffer.from(ALL_BYTES, "latin1");
  assertEquals(await written((output) => output.latin1(ALL_BYTES)), ALL_BYTES);
  assertEquals(await written((output) => output.bytes(bytes)), ALL_BYTES);
  assertEquals(await written((output) => bytes.forEach((byte) => output.byte(byte))), ALL_BYTES);
});

Deno.test("Output.flush() writes pieces of all sizes in order, to a sink that accepts a part", async () => {
  for (const most of [Infinity, 40_000, 1000]) {
    const next = random(11);
    const output = new Output();
    const sink = new MemorySink(most);
    let wanted = "";
    for (let round = 0; round < 60; round++) {
      const size = Math.floor(2 ** (next() * 17.5));
      const text = String.fromCharCode(round + 32).repeat(size);
      if (round % 3 === 0) output.bytes(Buffer.from(text));
      else output.latin1(text);
      output.crlf();
      output.decimal(size);
      wanted += `${text}\r\n${size}`;
      assertEquals(output.length + sink.bytes.length, wanted.length);
      if (round % 20 === 19) await output.flush(sink);
    }
    assertEquals(output.length, 0);
    assert(sink.text === wanted, `other bytes with at most ${most} at a time`);
  }
});

Deno.test("Output joins small pieces into one write", async () => {
  const output = new Output();
  const sink = new MemorySink();
  for (let round = 0; round < 1000; round++) output.latin1("+PONG\r\n");
  await output.flush(sink);
  assertEquals(sink.pieces.length, 1);
});

Deno.test("Output lends a small batch little memory, and moves a larger one to one piece", async () => {
  const sizes: number[] = [];
  const lengths: number[] = [];
  for (const size of [7, 2000, 2048, 2049, 10_000, 65_536, 65_537]) {
    const output = new Output();
    const text = "x".repeat(7);
    for (let at = 0; at < size; at += 7) output.latin1(text.slice(0, size - at));
    const [memory] = output.memory();
    sizes.push(memory!.byteLength);
    const sink = new MemorySink();
    await output.flush(sink);
    assertEquals(sink.text, text.repeat(10_000).slice(0, size));
    lengths.push(sink.pieces.length);
  }
  assertEquals(sizes, [2048, 2048, 2048, 65_536, 65_536, 65_536, 65_536]);
  assertEquals(lengths, [1, 1, 1, 1, 1, 1, 2]);
});

Deno.test("Output.bytes() writes a large value without a copy", async () => {
  const value = new Uint8Array(1_000_000);
  const output = new Output();
  const pieces: Uint8Array[] = [];
  output.latin1("$1000000\r\n");
  output.bytes(value);
  await output.flush({ write: (bytes) => Promise.resolve(pieces.push(bytes) && bytes.length) });
  assert(pieces[1]?.buffer === value.buffer);
});

Deno.test("Output.full is true from 256 KiB on, until it is flushed", async () => {
  const output = new Output();
  while (!output.full) output.latin1("x".repeat(1024));
  assertEquals(output.length, 256 * 1024);
  await output.flush(new MemorySink());
  assertEquals([output.full, output.length], [false, 0]);
});

Deno.test("Output.flush() drops what a broken sink did not accept", async () => {
  const output = new Output();
  output.latin1("lost");
  const broken = { write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")) };
  await assertRejects(() => output.flush(broken), Deno.errors.BrokenPipe);
  assertEquals(output.length, 0);
  const sink = new MemorySink();
  output.latin1("next");
  await output.flush(sink);
  assertEquals(sink.text, "next");
});

Deno.test("Output does not mix the bytes of two clients that share the pool", async () => {
  const [one, other] = [new Output(), new Output()];
  const [sinkOne, sinkOther] = [new MemorySink(), new MemorySink()];
  for (let round = 0; round < 20; round++) {
    one.latin1("1".repeat(9000));
    other.latin1("2".repeat(9000));
    if (round % 4 === 3) await Promise.all([one.flush(sinkOne), other.flush(sinkOther)]);
  }
  assert(sinkOne.text === "1".repeat(180_000));
  assert(sinkOther.text === "2".repeat(180_000));
});

Deno.test("Output.flush() passes a large value to writes in parts", async () => {
  const value = Buffer.alloc(5 * 2 ** 20 + 123, ALL_BYTES, "latin1");
  const output = new Output();
  output.latin1("head ");
  output.bytes(value);
  output.bytes(value.subarray(100, 100_000));
  output.latin1(" tail");
  const sink = new MemorySink(700_001);
  let most = 0;
  await output.flush({
    write(bytes) {
      most = Math.max(most, bytes.buffer.byteLength);
      return sink.write(bytes);
    },
  });
  const wanted = Buffer.concat(
    [Buffer.from("head "), value, value.subarray(100, 100_000), Buffer.from(" tail")],
  );
  assert(sink.bytes.equals(wanted));
  assertEquals(most, 2 ** 20);
});

Deno.test("Output.abandon() does not reuse the memory of a write that may be in flight", async () => {
  const abandoned = new Output();
  let held: Uint8Array | undefined;
  abandoned.latin1("secret");
  abandoned.flush({
    write(bytes) {
      held = bytes;
      return new Promise(() => {});
    },
  });
  abandoned.abandon();
  for (let count = 0; count < 100; count++) {
    assertEquals(await written((output) => output.latin1("other!")), "other!");
  }
  assertEquals(Buffer.from(held!).toString(), "secret");
});

Deno.test("Output.took() after abandon() does nothing: the write outlived the replies", () => {
  const output = new Output();
  output.bytes(new Uint8Array(10));
  assertEquals(output.next()?.length, 10);
  output.abandon();
  output.took(4);
  assertEquals([output.next(), output.length], [undefined, 0]);
});
