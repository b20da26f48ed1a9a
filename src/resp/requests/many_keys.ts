/**
 * Reads the keys of one request: all at once, or part by part with a turn for the other clients in
 * between.
 *
 * @module
 */
import { type Answer, Failure, type Lookup, type Millis, type Terms } from "../../core/types.ts";
import { turn } from "../../core/event_loop.ts";
import { Later } from "../../core/later.ts";
import { Buffer } from "node:buffer";
import { ArgumentList, type Arguments } from "../parse/arguments.ts";
import { TURN_KEY_BYTES, TURN_KEYS } from "../parse/limits.ts";

const NO_BYTES = Buffer.alloc(0);

/** Reads the keys in arguments `[from, to)`. Those that are missing are read together. */
export function readKeys(
  lookup: Lookup,
  args: ArgumentList,
  from: number,
  to: number,
  now: Millis,
  terms: Terms,
): Answer[] | Promise<Answer[]> {
  const { bytes } = args;
  const key = { bytes: bytes ?? NO_BYTES, from: 0, to: 0 };
  const answers: (Answer | Later<Answer>)[] = [];
  let isComplete = true;
  lookup.together(() => {
    for (let index = from; index < to; index++) {
      if (bytes !== null) {
        key.from = args.from(index);
        key.to = args.to(index);
      }
      const answer = lookup.get(bytes === null ? args.string(index) : key, now, terms);
      if (answer instanceof Later) isComplete = false;
      answers.push(answer);
    }
  });
  return isComplete ? answers as Answer[] : complete(answers);
}

/** Waits for the answers that come later. */
async function complete(answers: (Answer | Later<Answer>)[]): Promise<Answer[]> {
  for (let index = 0; index < answers.length; index++) {
    const answer = answers[index];
    if (answer instanceof Later) answers[index] = answer.isKnown ? answer.value! : await answer;
  }
  return answers as Answer[];
}

/** Whether the keys of a request are few enough to be read together. */
export function areFew(args: Arguments): args is ArgumentList {
  return args instanceof ArgumentList && args.count <= TURN_KEYS + 1 &&
    args.length <= TURN_KEY_BYTES;
}

/**
 * Reads the keys of a request part by part. The first argument is the command's name.
 *
 * @param collect Takes the answers of each part; a failure from it ends the reading.
 */
export async function readInParts(
  lookup: Lookup,
  lists: readonly ArgumentList[],
  terms: Terms,
  collect: (part: readonly Answer[]) => Failure | undefined,
): Promise<Failure | undefined> {
  for (const [index, list] of lists.entries()) {
    for (let from = index === 0 ? 1 : 0, to; from < list.count; from = to) {
      to = partEnd(list, from);
      const part = await readKeys(lookup, list, from, to, performance.now(), terms);
      const failure = collect(part);
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

/** The failure of the first key that could not be read at all. A key of another type could. */
export function failureIn(answers: readonly Answer[]): Failure | undefined {
  return answers.find((one): one is Failure => one instanceof Failure && !isWrongType(one));
}

function isWrongType({ reason, message }: Failure): boolean {
  return reason === "reply" && message.startsWith("WRONGTYPE ");
}
