import { assert, assertEquals } from "@std/assert";
import { Input } from "../../../src/server/input.ts";
import { ALL_BYTES, feed, inputOf, random } from "../../support/wire.ts";

const textOf = (input: Input) => input.latin1(input.start, input.end);

Deno.test("Input keeps every byte as one code unit", () => {
  assertEquals(textOf(inputOf(ALL_BYTES)), ALL_BYTES);
});

Deno.test("Input.room() is never empty, and keeps the unread bytes", () => {
  const input = new Input();
  let sent = "";
  for (let count = 1; count < 100_000; count *= 3) {
    const room = input.room();
    assert(room.length > 0);
    room.fill(count % 256);
    input.received(room.length);
    sent += String.fromCharCode(count % 256).repeat(room.length);
  }
  assertEquals(textOf(input), sent);
});

Deno.test("Input returns bytes in order, whatever is consumed meanwhile", () => {
  const next = random(7);
  const input = new Input();
  let fed = "";
  let taken = "";
  for (let round = 0; round < 500; round++) {
    const piece = ALL_BYTES.repeat(20).slice(0, Math.floor(next() * 5000));
    feed(input, piece);
    fed += piece;
    const count = Math.floor(next() * (input.length + 1));
    taken += input.latin1(input.start, input.start + count);
    input.start += count;
  }
  assertEquals(taken + textOf(input), fed);
});

Deno.test("Input does not grow while its bytes are consumed", () => {
  const input = new Input();
  for (let round = 0; round < 10_000; round++) {
    feed(input, "x".repeat(100));
    input.start = input.end;
  }
  assertEquals(input.bytes.length, 128);
});

Deno.test("Input.relax() frees a large buffer only if it is empty", () => {
  const input = inputOf("x".repeat(200_000));
  const large = input.bytes.length;
  input.relax();
  assertEquals(input.bytes.length, large);
  input.start = input.end;
  input.relax();
  assertEquals([input.bytes.length, input.length], [8192, 0]);
});

Deno.test("Input.relax() keeps room for batches that do not fit an idle buffer, while they arrive", () => {
  const input = new Input();
  const sizes = [3000, 3000, 1025, 100, 100].map((size) => {
    feed(input, "x".repeat(size));
    input.start = input.end;
    input.relax();
    return input.bytes.length;
  });
  assertEquals(sizes, [8192, 8192, 8192, 1024, 1024]);
});

Deno.test("Input.relax() keeps a small buffer through some smaller batches, but not for good", () => {
  const input = new Input();
  const sizeAfter = (size: number) => {
    feed(input, "x".repeat(size));
    input.start = input.end;
    input.relax();
    return input.bytes.length;
  };
  const alternating = [600, 40, 40, 40, 600, 40, 40, 40].map(sizeAfter);
  assertEquals(alternating, alternating.map(() => 1024));
  const single = Array.from({ length: 20 }, () => sizeAfter(40));
  assertEquals(single.at(-1), 128);
});
