/**
 * Makes the requests that pass to Redis, as they come or with the ids that clients have there.
 *
 * @module
 */
import type { Written } from "../commands/keys.ts";
import type { CommandSpec } from "../commands/spec.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import { Passable } from "../lanes/passable.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { KillRequest } from "./client_kill.ts";
import { targetOf, translate, Translated } from "./client_requests.ts";
import { tail } from "./commands/command.ts";
import { isKnownHere, isTooLarge } from "./commands/table.ts";
import { Deferred } from "./deferred.ts";
import { infoText } from "./info.ts";
import { InfoRequest } from "./info_request.ts";
import { type Arguments, ownArguments } from "./parse/arguments.ts";
import { MutedRequest, SharedRequest } from "./passed.ts";
import { PrivateRequest } from "./private_client.ts";
import type { RequestSource } from "./private_sending.ts";
import { encode, verbatim } from "./replies.ts";
import { SilentRequest } from "./requests/fixed.ts";
import { rewriteOf } from "./rewrites.ts";
import type { Session } from "./session.ts";

/** No command has such a long name, in bytes. */
export const NAME_BYTES = 65;

/** Makes a request that passes to Redis. */
export function passed(
  args: Arguments,
  spec: CommandSpec | undefined,
  session: Session,
  lane: ClientLane,
  isMuted = session.skipsReply(),
): ClientRequest {
  const target = targetOf(args, spec, lane);
  if (target === undefined) return passing(args, spec, session, lane, isMuted);
  const own = ownArguments(args);
  return new Deferred("unrouted", async () => {
    await target.becomeTarget();
    return passing(own, spec, session, lane, isMuted);
  });
}

function passing(
  args: Arguments,
  spec: CommandSpec | undefined,
  session: Session,
  lane: ClientLane,
  isMuted: boolean,
): ClientRequest {
  const translated = spec === undefined ? null : translate(args, spec, session, lane);
  if (translated !== null && !(translated instanceof Translated)) {
    if (!isMuted) return translated;
    return translated instanceof KillRequest
      ? new MutedRequest(translated)
      : new SilentRequest(translated);
  }
  const rewrite = translated?.rewrite ?? rewriteOf(spec, args, session);
  const passable = new Passable(translated?.bytes ?? args.raw(), spec, args, rewrite);
  if (passable.name === "client|setinfo") noteLibrary(passable, args, session, lane);
  const way = lane.routeOf(spec, args);
  const isPrivate = way === "private" || way === "local";
  if (isPrivate && !(passable.name === "info" && !lane.isBusy)) {
    const request = new PrivateRequest(lane, passable, isMuted);
    request.ends = translated?.ends ?? null;
    return request;
  }
  const names = passable.name === "info" ? tail(args, 1) : [];
  const shared = passable.name === "info"
    ? new InfoRequest(lane, passable, () => infoAlone(session, names))
    : new SharedRequest(lane, passable, way);
  return isMuted ? new MutedRequest(shared) : shared;
}

/** Keeps the names of the client's library, which outlive its private connection. */
function noteLibrary(
  passable: Passable,
  args: Arguments,
  session: Session,
  lane: ClientLane,
): void {
  if (args.count !== 4) return;
  const [option, value] = [args.string(2).toLowerCase(), args.string(3)];
  passable.onAnswer = (isError) => {
    if (isError || lane.private?.state.isInTransaction) return;
    if (option === "lib-name") session.libraryName = value;
    else session.libraryVersion = value;
  };
}

/** Returns the reply to INFO if Redis does not give its own. */
export function infoAlone({ context, version }: Session, names: readonly string[]): Uint8Array {
  return encode(verbatim(version, infoText(context.facts(), names, true)));
}

/** The changes of an incomplete request: any key may be among the missing arguments. */
const ANY_KEY: Written = { keys: [], beyond: "unnamed" };

/**
 * Makes a request of a large one that is still incomplete, if it may pass as it arrives.
 *
 * @param args The arguments that have come. The last one may be cut.
 * @param source Called to start taking its bytes.
 */
export function streamedOf(
  args: Arguments,
  session: Session,
  source: () => RequestSource,
): PrivateRequest | null {
  const lane = session.lane!;
  const { table } = lane.lanes;
  if (!session.isAuthenticated || !session.mayPass || args.count < 2) return null;
  const name = args.string(0, NAME_BYTES).toLowerCase();
  const spec = table.find(args);
  const isOwn = isKnownHere(args) && !isTooLarge(args);
  const isNone = spec === undefined && (table.isKnown || name.length === NAME_BYTES);
  if (isNone || isOwn || !lane.lanes.allows(spec, name)) return null;
  if (!lane.lanes.mayStream(spec)) return null;
  const isMuted = session.skipsReply();
  const known = new Passable(new Uint8Array(0), spec, args, null, ANY_KEY);
  known.slot = lane.lanes.slotOf(spec, args);
  return new PrivateRequest(lane, known, isMuted, source());
}
