/**
 * CLIENT subcommands that name or list clients by id: translated between the clients' ids here and
 * the ids of their connections at Redis.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CommandSpec } from "../commands/spec.ts";
import type { ClientIds, NamedClient } from "../lanes/client_ids.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import type { Rewrite } from "../lanes/passable.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { filterOf } from "./client_filter.ts";
import { checkedKill, KillRequest } from "./client_kill.ts";
import { tail } from "./commands/command.ts";
import type { Arguments } from "./parse/arguments.ts";
import { request } from "./parse/arguments.ts";
import { integer } from "./replies.ts";
import { textReply } from "./requests/fixed.ts";
import type { Session } from "./session.ts";

/** The words of CLIENT subcommands that ids follow. */
const NAMED: Readonly<Record<string, RegExp>> = {
  "client|kill": /^id$/,
  "client|list": /^id$/,
  "client|tracking": /^redirect$/,
};

/** The request that Redis gets in place of the client's. */
export class Translated {
  constructor(
    readonly words: readonly string[],
    /** Changes the reply; null to treat the reply as that of the client's request. */
    readonly rewrite: Rewrite | null = null,
    /** Tells, once it is answered, whether it has ended its own client; null if it never does. */
    readonly ends: (() => boolean) | null = null,
  ) {}

  get bytes(): Uint8Array {
    return Buffer.from(request(this.words), "latin1");
  }
}

/** Returns a translated request, or its answer if it needs no lane; null if it passes unchanged. */
export function translate(
  args: Arguments,
  spec: CommandSpec,
  session: Session,
  lane: ClientLane,
): Translated | ClientRequest | null {
  const { ids } = lane.lanes;
  if (spec.name === "client|unblock") return unblock(args, ids);
  // The proxy leaves out the replies itself: what Redis would send is not a whole reply.
  if (spec.name === "client|reply" && isCutting(args) && lane.private?.state.isInTransaction) {
    return new Translated(["CLIENT", "REPLY", "ON"]);
  }
  if (spec.name === "client|kill" && !(lane.private?.mayBeInTransaction ?? false)) {
    const kill = killOf(tail(args, 2), session, lane);
    if (kill !== null) return kill;
  }
  const named = NAMED[spec.name];
  if (named === undefined) return null;
  const place = lane.private?.place;
  const isPrivate = spec.name === "client|tracking" || lane.hasState;
  const here = (id: string) => isPrivate ? lane.lanes.idAt(id, place) : id;
  return withIds(tail(args, 0), named, (id) => {
    const upstream = ids.name(id);
    return upstream === undefined ? undefined : here(upstream);
  });
}

function isCutting(args: Arguments): boolean {
  return args.count === 3 && /^(off|skip)$/i.test(args.string(2, 8));
}

/**
 * Returns the client of the proxy that CLIENT TRACKING redirects invalidations to; undefined for
 * other requests and other clients.
 */
export function targetOf(
  args: Arguments,
  spec: CommandSpec | undefined,
  { lanes: { ids } }: ClientLane,
): NamedClient | undefined {
  if (spec?.name !== "client|tracking") return undefined;
  const words = tail(args, 3).map((word) => word.toLowerCase());
  const at = words.indexOf("redirect");
  return at < 0 ? undefined : ids.find(words[at + 1] ?? "");
}

function killOf(
  words: readonly string[],
  session: Session,
  lane: ClientLane,
): Translated | ClientRequest | null {
  if (session.login !== null) {
    const checked = checkedKill(words, session);
    return checked === null ? null : new Translated(checked.words, checked.rewrite, checked.ends);
  }
  const filter = filterOf(words);
  return filter === null ? null : new KillRequest(lane, session, filter, words);
}

/** @param upstreamOf Returns the id at Redis; undefined for an id that is not of a client. */
function withIds(
  words: string[],
  named: RegExp,
  upstreamOf: (id: string) => string | undefined,
): Translated | null {
  let isChanged = false;
  for (let at = 2; at + 1 < words.length; at++) {
    if (!named.test(words[at]!.toLowerCase())) continue;
    for (let index = at + 1; index < words.length && /^\d+$/.test(words[index]!); index++) {
      const upstream = upstreamOf(words[index]!);
      if (upstream === undefined) continue;
      words[index] = upstream;
      isChanged = true;
    }
  }
  return isChanged ? new Translated(words) : null;
}

/**
 * Adds the clients of the proxy to the CLIENT LIST of Redis.
 *
 * @param options The words after CLIENT LIST.
 * @param lineOf Returns the line of a client that Redis does not know.
 */
export function fullList(
  list: string,
  options: readonly string[],
  ids: ClientIds,
  lineOf: (client: NamedClient) => string,
): string {
  const lines = [...ids.rewrite(list).split("\n"), ...ownClients(options, ids).map(lineOf)]
    .filter((line) => line !== "");
  const idOf = (line: string) => /^id=(\d+) /.exec(line)?.[1] ?? "";
  if (options[0]?.toLowerCase() !== "id") {
    lines.sort((one, other) => Number(idOf(one)) - Number(idOf(other)));
    return lines.map((line) => `${line}\n`).join("");
  }
  const byId = new Map(lines.map((line) => [idOf(line), line]));
  return options.slice(1).map((id) => byId.has(id) ? `${byId.get(id)}\n` : "").join("");
}

/** Returns the clients in CLIENT LIST with these options that Redis does not know. */
function ownClients(options: readonly string[], ids: ClientIds): NamedClient[] {
  const [filter, ...values] = options.map((word) => word.toLowerCase());
  if (filter === "id") return ids.withoutUpstream(new Set(values));
  return filter === undefined || values[0] === "normal" ? ids.withoutUpstream() : [];
}

/** CLIENT UNBLOCK id [TIMEOUT|ERROR]. A client without a private connection is not blocked. */
function unblock(args: Arguments, ids: ClientIds): Translated | ClientRequest | null {
  const [id = "", ...rest] = tail(args, 2);
  const isWrong = rest.length > 1 || (rest.length === 1 && !/^(timeout|error)$/i.test(rest[0]!));
  if (isWrong || ids.find(id) === undefined) return null;
  const upstream = ids.upstreamOf(id);
  if (upstream === undefined) return textReply(integer(0));
  return new Translated(["CLIENT", "UNBLOCK", upstream, ...rest]);
}
