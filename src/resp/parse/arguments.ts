/**
 * The arguments of a request, as positions in the bytes that the client sent: most are read in place
 * and never become strings.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ownText } from "../../core/memory.ts";
import { copyOf } from "../../core/small_copies.ts";
import { nameOf } from "./names.ts";

/** The arguments of one request, the command's name first. They are valid until the next request. */
export interface Arguments {
  readonly count: number;
  /** The length of the request, as far as it is known, in bytes. */
  readonly length: number;
  /** The length of the longest argument, as far as it is known, in bytes. */
  readonly longest: number;
  /** Argument `index` as code units 0 to 255, cut after `most` bytes. */
  string(index: number, most?: number): string;
  /** The name of the command, cut after 65 bytes, which are more than any has. */
  name(): string;
  /** A copy of argument `index`. */
  copy(index: number): Uint8Array;
  /** The request as an array of bulk strings, in memory of its own. */
  raw(): Uint8Array;
  /** Moves the arguments to memory of their own, where they stay valid. None remain here. */
  take(): readonly ArgumentList[];
}

/** No command has such a long name, in bytes. */
const NAME_BYTES = 65;

/** The most positions whose array is reused; a request with more arguments gets its own. */
const REUSED_BOUNDS = 1024;

/** Arguments that lie in one piece of memory, or are the words of an inline command. */
export class ArgumentList implements Arguments {
  count = 0;
  length = 0;
  longest = 0;
  /** The memory of the arguments; null for the words of an inline command. */
  bytes: Buffer | null = null;

  /** Positions of the arguments: `[start0, end0, start1, ...]`, relative to the request. */
  #bounds: number[] = [];
  /** Where the request starts in `bytes`. */
  #base = 0;
  /** Words of an inline command. In the input, some have quotes and escapes. */
  #words: readonly string[] | null = null;
  /** Whether nobody else uses the memory. */
  #isOwn = false;

  /** Forgets all arguments. */
  clear(): void {
    this.count = this.length = this.longest = 0;
    this.bytes = null;
    this.#words = null;
    if (this.#bounds.length > REUSED_BOUNDS) this.#bounds = [];
  }

  /** Adds an argument; its positions are relative to the request. */
  add(from: number, to: number): void {
    const at = 2 * this.count++;
    this.#bounds[at] = from;
    this.#bounds[at + 1] = to;
    if (to - from > this.longest) this.longest = to - from;
  }

  /** Sets where the request lies now, and how long it is. */
  place(bytes: Buffer, base: number, length: number): void {
    this.bytes = bytes;
    this.#base = base;
    this.length = length;
  }

  /** Sets the words of an inline command of this length. */
  setWords(words: readonly string[], length: number): void {
    this.clear();
    this.#words = words;
    this.count = words.length;
    this.length = this.longest = length;
  }

  /** Where argument `index` starts in `bytes`. */
  from(index: number): number {
    return this.#base + this.#bounds[2 * index]!;
  }

  /** Where argument `index` ends in `bytes`. */
  to(index: number): number {
    return this.#base + this.#bounds[2 * index + 1]!;
  }

  string(index: number, most = Infinity): string {
    if (this.#words !== null) return ownText(this.#words[index]!.slice(0, most));
    const from = this.from(index);
    return this.bytes!.toString("latin1", from, Math.min(this.to(index), from + most));
  }

  name(): string {
    if (this.#words !== null) return this.string(0, NAME_BYTES);
    return nameOf(this.bytes!, this.from(0), this.to(0)) ?? this.string(0, NAME_BYTES);
  }

  copy(index: number): Uint8Array {
    if (this.#words !== null) return Buffer.from(this.#words[index]!, "latin1");
    return Buffer.from(this.bytes!.subarray(this.from(index), this.to(index)));
  }

  raw(): Uint8Array {
    const { count } = this;
    if (this.#words !== null) return Buffer.from(request(this.#words), "latin1");
    const from = this.from(0);
    const to = this.to(count - 1);
    if (!this.#isOwn && this.#base + this.length === to + 2) {
      return copyOf(this.bytes!, this.#base, to + 2);
    }
    // The headers of all but the first argument stand between the arguments.
    const head = `*${count}\r\n$${this.to(0) - from}\r\n`;
    const raw = Buffer.allocUnsafeSlow(head.length + to - from + 2);
    raw.write(head, "latin1");
    raw.set(this.bytes!.subarray(from, to), head.length);
    raw.write("\r\n", raw.length - 2, "latin1");
    return raw;
  }

  take(): [ArgumentList] {
    if (this.#isOwn) return [this];
    const taken = new ArgumentList();
    taken.#isOwn = true;
    taken.count = this.count;
    taken.length = this.length;
    taken.longest = this.longest;
    taken.#words = this.#words;
    taken.#bounds = this.#bounds;
    if (this.bytes !== null) {
      const end = this.count === 0 ? this.#base : this.to(this.count - 1);
      taken.bytes = Buffer.from(this.bytes.subarray(this.#base, end));
    }
    this.#bounds = [];
    this.clear();
    return [taken];
  }
}

/** The arguments of a large request, part by part. */
export class LongArguments implements Arguments {
  readonly count: number;

  constructor(
    readonly parts: readonly ArgumentList[],
    readonly length: number,
    readonly longest: number,
  ) {
    this.count = parts.reduce((count, part) => count + part.count, 0);
  }

  string(index: number, most?: number): string {
    const [part, at] = this.#find(index);
    return part.string(at, most);
  }

  name(): string {
    return this.string(0, NAME_BYTES);
  }

  copy(index: number): Uint8Array {
    const [part, at] = this.#find(index);
    return part.copy(at);
  }

  raw(): Uint8Array {
    const pieces = [Buffer.from(`*${this.count}\r\n`, "latin1")];
    for (const part of this.parts) {
      const whole = Buffer.from(part.raw());
      pieces.push(whole.subarray(whole.indexOf("\n") + 1));
    }
    return Buffer.concat(pieces);
  }

  take(): readonly ArgumentList[] {
    return this.parts.flatMap((part) => part.take());
  }

  #find(index: number): [part: ArgumentList, at: number] {
    let at = index;
    for (const part of this.parts) {
      if (at < part.count) return [part, at];
      at -= part.count;
    }
    throw new RangeError(`Cannot find argument ${index}: wanted one below ${this.count}`);
  }
}

/** The same arguments in memory of their own, for a request that waits. */
export function ownArguments(args: Arguments): Arguments {
  const { length, longest } = args;
  const parts = args.take();
  return parts.length === 1 ? parts[0]! : new LongArguments(parts, length, longest);
}

/** Words as arguments, for a request that the proxy makes itself. */
export function wordsOf(words: readonly string[]): { count: number; string(at: number): string } {
  return { count: words.length, string: (at) => words[at]! };
}

/** A request as text of code units 0 to 255. */
export function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}
