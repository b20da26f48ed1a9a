/**
 * Collects the arguments of one request. Those of a large request move out of the input as they
 * arrive, part by part, so that no buffer grows to the size of the request.
 *
 * @module
 */
import type { Input } from "../../server/input.ts";
import { ArgumentList, type Arguments, LongArguments } from "./arguments.ts";

export class ArgumentCollector {
  /** The arguments that lie in the input. */
  readonly list = new ArgumentList();
  /** The parts of the same request that came before. */
  #setAside: ArgumentList[] = [];
  /** The length of these parts in the request, in bytes. */
  setAsideBytes = 0;

  /** All arguments of a complete request. */
  get all(): Arguments {
    return this.#setAside.length === 0 ? this.list : this.#joined([], 0);
  }

  /** Whether there is a complete argument. */
  get hasAny(): boolean {
    return this.list.count > 0 || this.#setAside.length > 0;
  }

  clear(): void {
    this.list.clear();
    if (this.#setAside.length === 0) return;
    this.#setAside = [];
    this.setAsideBytes = 0;
  }

  /** All arguments that have come, and one of `length` bytes that has come in part. */
  withPart({ bytes, start, length: available }: Input, from: number, length: number): Arguments {
    const part = new ArgumentList();
    part.add(from, Math.min(from + length, available));
    part.place(bytes, start, 0);
    return this.#joined([part], length);
  }

  /** Moves the arguments in the first `length` unread bytes out of the input. */
  setAside({ bytes, start }: Input, length: number): void {
    this.list.place(bytes, start, length);
    this.#setAside.push(...this.list.take());
    this.setAsideBytes += length;
  }

  #joined(last: readonly ArgumentList[], longest: number): LongArguments {
    const parts = [...this.#setAside, this.list, ...last];
    const known = parts.map((part) => part.longest);
    return new LongArguments(parts, this.list.length, Math.max(longest, ...known));
  }
}
