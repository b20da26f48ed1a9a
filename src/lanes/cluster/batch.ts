/**
 * A batch for a cluster: it knows the slot and the bytes of each command, so that it can be divided
 * among the nodes.
 *
 * @module
 */
import { keysOf, type Written } from "../../commands/keys.ts";
import type { CommandSpec, Words } from "../../commands/spec.ts";
import { slotOf } from "../../core/slot.ts";
import { Batch } from "../batch.ts";
import { Passable } from "../passable.ts";
import type { BatchParts } from "./batch_parts.ts";
import { requestsIn } from "./requests.ts";

export class RoutedBatch extends Batch implements BatchParts {
  readonly specs: CommandSpec[];
  readonly slots: number[];
  readonly ends: number[];
  readonly keyEnds: number[];
  #length: number;

  /** @param slot The slot of the first command. */
  constructor(first: Passable, slot: number) {
    super(first);
    this.specs = [first.spec!];
    this.slots = [slot];
    this.#length = first.bytes.length;
    this.ends = [this.#length];
    this.keyEnds = [this.keys.length];
  }

  override request(others: Uint8Array): Passable {
    const request = super.request(others);
    request.parts = this;
    return request;
  }

  protected override note(
    spec: CommandSpec,
    words: Words,
    length: number,
    written: Written,
  ): boolean {
    const slot = slotIn(spec, words, written.keys);
    if (slot === null) return false;
    super.note(spec, words, length, written);
    this.specs.push(spec);
    this.slots.push(slot);
    this.ends.push(this.#length += length);
    this.keyEnds.push(this.keys.length);
    return true;
  }
}

/**
 * Returns the slot of a command that one node executes; null if it names no keys, or keys of several
 * slots.
 *
 * @param written The keys that it writes.
 */
export function slotIn(
  spec: CommandSpec,
  words: Words,
  written: readonly string[],
): number | null {
  const { keyAt } = spec;
  if (keyAt > 0) {
    if (written.length === 1) return slotOf(written[0]!);
    return keyAt < words.count ? slotOf(words.string(keyAt)) : null;
  }
  let slot: number | null = null;
  for (const key of keysOf(spec, words)) {
    const own = slotOf(key);
    if (slot !== null && own !== slot) return null;
    slot = own;
  }
  return slot;
}

/** Returns the command at a place of a batch as a request of its own. */
export function requestAlone({ bytes, parts }: Passable, place: number): Passable {
  const { specs, ends } = parts!;
  const own = bytes.subarray(ends[place - 1] ?? 0, ends[place]);
  const [words] = requestsIn(own) as [string[]];
  return new Passable(own, specs[place], { count: words.length, string: (at) => words[at]! });
}
