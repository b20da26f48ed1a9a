/**
 * Reads the keys of one request: all at once, or part by part with a turn for the other clients in
 * between.
 *
 * @module
 */
import { Failure, type Lookup, type Millis, type Outcome, type Value } from "../../core/types.ts";
import { turn } from "../../core/event_loop.ts";
import { ArgumentList, type Arguments } from "../parse/arguments.ts";
import { TURN_KEY_BYTES, TURN_KEYS } from "../parse/limits.ts";

/** The outcome for one key: the value of a plain hit, or any other outcome. */
export type KeyOutcome = Value | Outcome;

/**
 * Reads the keys in arguments `[from, to)`: hits by their bytes, without a string, and all others in
 * one round trip.
 */
export function readKeys(
  lookup: Lookup,
  args: ArgumentList,
  from: number,
  to: number,
  now: Millis,
): KeyOutcome[] | Promise<KeyOutcome[]> {
  const { bytes } = args;
  const outcomes: KeyOutcome[] = [];
  const missing: number[] = [];
  for (let index = from; index < to; index++) {
    const value = bytes === null
      ? undefined
      : lookup.find(bytes, args.from(index), args.to(index), now);
    if (value === undefined) missing.push(index - from);
    outcomes.push(value ?? null);
  }
  if (missing.length === 0) return outcomes;
  const read = lookup.getMany(missing.map((index) => args.string(from + index)), now);
  const fill = (found: readonly Outcome[]) => {
    missing.forEach((index, at) => outcomes[index] = found[at]!);
    return outcomes;
  };
  return read instanceof Promise ? read.then(fill) : fill(read);
}

/** Whether the keys of a request are few enough to be read together. */
export function areFew(args: Arguments): args is ArgumentList {
  return args instanceof ArgumentList && args.count <= TURN_KEYS + 1 &&
    args.length <= TURN_KEY_BYTES;
}

/**
 * Reads the keys of a request part by part. The first argument is the command's name.
 *
 * @param collect Takes the outcomes of each part; a failure from it ends the reading.
 */
export async function readInParts(
  lookup: Lookup,
  lists: readonly ArgumentList[],
  collect: (part: readonly KeyOutcome[]) => Failure | undefined,
): Promise<Failure | undefined> {
  for (const [index, list] of lists.entries()) {
    for (let from = index === 0 ? 1 : 0, to; from < list.count; from = to) {
      to = partEnd(list, from);
      const failure = collect(await readKeys(lookup, list, from, to, performance.now()));
      if (failure !== undefined) return failure;
      await turn();
    }
  }
  return undefined;
}

/** Where the part that begins with argument `from` ends. It has at least one key. */
function partEnd(list: ArgumentList, from: number): number {
  const most = Math.min(from + TURN_KEYS, list.count);
  if (list.bytes === null) return most;
  const bytesEnd = list.from(from) + TURN_KEY_BYTES;
  if (list.to(most - 1) <= bytesEnd) return most;
  let to = from + 1;
  while (list.to(to) <= bytesEnd) to++;
  return to;
}

/** The first key that could not be read at all. A key of another type could. */
export function failureIn(outcomes: readonly KeyOutcome[]): Failure | undefined {
  return outcomes.find((one): one is Failure => one instanceof Failure && !isWrongType(one));
}

function isWrongType({ reason, message }: Failure): boolean {
  return reason === "reply" && message.startsWith("WRONGTYPE ");
}
