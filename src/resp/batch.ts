/**
 * Collects the commands of a pipeline that pass to Redis as one batch.
 *
 * @module
 */
import type { CommandSpec } from "../commands/spec.ts";
import type { Batch } from "../lanes/batch.ts";
import type { Input } from "../server/input.ts";
import { countCommand } from "./commands/counting.ts";
import { isCached } from "./commands/table.ts";
import { ArgumentList, type Arguments } from "./parse/arguments.ts";
import type { RespParser } from "./parse/parser.ts";
import { SharedRequest } from "./passed.ts";
import type { Session } from "./session.ts";

/**
 * Returns the request together with those behind it that have come, as far as they may join it. The
 * first one that may not stays in the input.
 *
 * @param first A request of a command that is always shared.
 * @param batch The batch that it begins.
 */
export function collectBatch(
  first: SharedRequest,
  batch: Batch,
  session: Session,
  parser: RespParser,
  input: Input,
): SharedRequest {
  const { lane } = first;
  const { lanes } = lane;
  const begin = input.start;
  let end = begin;
  while (batch.hasRoom(end - begin) && parser.next(input) && parser.error === null) {
    const { args } = parser;
    const isWhole = args instanceof ArgumentList && args.bytes !== null &&
      end + args.length === input.start;
    const spec = isWhole ? lanes.plain(args.name()) : undefined;
    if (
      spec === undefined || !mayFollow(spec, args, session) || !batch.add(spec, args, args.length)
    ) {
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

/** Whether a command may be part of a batch of this client. */
function mayFollow(spec: CommandSpec, args: Arguments, { context, lane }: Session): boolean {
  if (context.readsReplicas && isCached(spec.name)) return false; // A replica may answer it.
  const { long } = lane!.lanes;
  return long.isEmpty || !long.has(args.raw());
}

/**
 * Begins a batch with a request; null if the commands behind it may not join it.
 *
 * @param args The arguments of the request.
 */
export function beginBatch(
  first: SharedRequest,
  args: Arguments,
  { context, isCausal }: Session,
): Batch | null {
  const { lane, request, way, replies } = first;
  const { lanes } = lane;
  const mayBegin = way === "shared" && replies === 1 && lane.mayShare && !isCausal &&
    context.observer === null && lanes.plain(request.name) !== undefined;
  return mayBegin ? lanes.batchOf(request, args) : null;
}
