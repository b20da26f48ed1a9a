/**
 * Bytes without sockets: inputs that hold given bytes, and a sink that keeps written bytes.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Input } from "../../src/server/input.ts";
import { Output, type Sink } from "../../src/server/output.ts";

/** Appends bytes, or text of code units 0 to 255, as reads from a socket would. */
export function feed(input: Input, data: string | Uint8Array): void {
  let bytes: Uint8Array = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  while (bytes.length > 0) {
    const room = input.room();
    const count = Math.min(room.length, bytes.length);
    room.set(bytes.subarray(0, count));
    input.received(count);
    bytes = bytes.subarray(count);
  }
}

export function inputOf(data: string | Uint8Array): Input {
  const input = new Input();
  feed(input, data);
  return input;
}

/** Keeps everything written; accepts at most `most` bytes per write. */
export class MemorySink implements Sink {
  readonly pieces: Buffer[] = [];

  constructor(readonly most = Infinity) {}

  write(bytes: Uint8Array): Promise<number> {
    const count = Math.min(bytes.length, this.most);
    this.pieces.push(Buffer.from(bytes.subarray(0, count)));
    return Promise.resolve(count);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }
}

/** The bytes that `append` appends to an output, as text. */
export async function written(append: (output: Output) => unknown): Promise<string> {
  const sink = new MemorySink();
  const output = new Output();
  await append(output);
  await output.flush(sink);
  return sink.text;
}

/** A repeatable source of numbers in [0, 1), by a seed (mulberry32). */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A text in pieces: as a whole, byte by byte, and cut at random with a few seeds. */
export function* cuts(text: string): Generator<{ name: string; pieces: string[] }> {
  yield { name: "whole", pieces: [text] };
  yield { name: "byte by byte", pieces: [...text] };
  for (let seed = 1; seed <= 20; seed++) {
    const next = random(seed);
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + Math.floor(next() * 12);
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    yield { name: `random cuts of seed ${seed}`, pieces };
  }
}

/** Every byte once, as code units. */
export const ALL_BYTES: string = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  .join("");
