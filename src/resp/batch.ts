/**
 * Collects the commands of a pipeline that pass to Redis as one batch.
 *
 * @module
 */
import { Batch } from "../lanes/batch.ts";
import type { Input } from "../server/input.ts";
import { countCommand } from "./commands/counting.ts";
import { ArgumentList } from "./parse/arguments.ts";
import type { RespParser } from "./parse/parser.ts";
import { SharedRequest } from "./passed.ts";
import type { Session } from "./session.ts";

/**
 * Returns the request together with those behind it that have come, as far as they may join it. The
 * first one that may not stays in the input.
 *
 * @param first A request of a command that is always shared.
 */
export function collectBatch(
  first: SharedRequest,
  session: Session,
  parser: RespParser,
  input: Input,
): SharedRequest {
  const { lane, request } = first;
  const { lanes } = lane;
  const batch = new Batch(request);
  const begin = input.start;
  let end = begin;
  while (batch.hasRoom(end - begin) && parser.next(input) && parser.error === null) {
    const { args } = parser;
    const isWhole = args instanceof ArgumentList && args.bytes !== null &&
      end + args.length === input.start;
    const spec = isWhole ? lanes.plain(args.name()) : undefined;
    const isLong = !lanes.long.isEmpty && lanes.long.has(args.raw());
    if (spec === undefined || isLong || !batch.add(spec, args)) {
      input.start = end; // It is read again.
      break;
    }
    countCommand(args, session);
    end = input.start;
  }
  if (batch.count === 1) return first;
  session.context.stats.requests += batch.count - 1; // It counts as one itself.
  const others = input.bytes.subarray(begin, end);
  return new SharedRequest(lane, batch.request(others), "shared", batch.count);
}

/** Whether the commands behind a request may join it. */
export function beginsBatch(first: SharedRequest, { context, isCausal }: Session): boolean {
  const { lane, request, way, replies } = first;
  const { lanes } = lane;
  return way === "shared" && replies === 1 && lane.mayShare && !lanes.knowsSlots && !isCausal &&
    !context.readsReplicas && context.observer === null && Batch.mayBegin(request) &&
    lanes.plain(request.name) !== undefined;
}
