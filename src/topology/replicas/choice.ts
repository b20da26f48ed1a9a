/**
 * Chooses the server to read from: one of the replicas of a master, or the master itself.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { Link } from "../../origin/link.ts";
import { within } from "../../origin/within.ts";
import { masterRole, nameOf, type Place, streamOf } from "./roles.ts";
import { type Candidate, distanceOf, tryReplica } from "./trial.ts";

/** From which servers to read. */
export type ReadFrom = "replica" | "nearest";

/** A choice: a replica, or the master and why. */
export type Choice = { readonly replica: Candidate } | { readonly why: string };

/** The most replicas to try at once. */
const TRIALS = 8;

/** Another server must be nearer by this factor, because a move empties the cache. */
const GAIN = 0.7;

export interface ChoiceOptions {
  readonly readFrom: ReadFrom;
  /** The master without its place: the replicas have the same users, database and TLS. */
  readonly origin: OriginAddress;
  readonly timeout: Millis;
  /** The replicas of the master. Default: those that it names in ROLE. */
  readonly replicas?: () => readonly Place[];
}

/** The master is the nearest server. */
export const NEAREST_IS_MASTER = "the master is the nearest";

/**
 * Chooses.
 *
 * @param master The connection to the master.
 * @param present The name of the replica that is used now; null for the master or none.
 * @param mayTry Whether a replica with this name may be tried.
 */
export async function choose(
  { readFrom, origin, timeout, replicas }: ChoiceOptions,
  master: Link,
  present: string | null,
  mayTry: (name: string) => boolean,
): Promise<Choice> {
  const upstream = await master.up();
  if (upstream === null) return { why: `the master is away: ${master.loss.message}` };
  if (upstream.isLoneNode) return { why: "this Redis is a node of a cluster" };
  const { data } = upstream;
  const ask = (...words: string[]) => within(data.call(...words), timeout);
  try {
    const [info, answer] = await Promise.all([ask("INFO", "replication"), ask("ROLE")]);
    const [stream, role] = [streamOf(info), masterRole(answer)];
    if (role === null || stream === null) return { why: "the server is not a master" };
    const all = replicas?.() ?? role.replicas;
    if (all.length === 0) return { why: "the master has no connected replica" };
    const places = shuffled(all.filter((one) => mayTry(nameOf(one)))).slice(0, TRIALS);
    if (places.length === 0) return { why: "no replica worked lately" };
    const followed = { stream, offset: role.offset };
    const trials = await Promise.allSettled(
      places.map(({ host, port }) =>
        tryReplica({ ...origin, socket: null, host, port }, followed, timeout)
      ),
    );
    const good = trials.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    if (good.length === 0) return { why: reasonOf(places, trials) };
    const current = good.find(({ address }) => nameOf(address) === present);
    if (readFrom === "replica") return { replica: current ?? good[0]! };
    return nearest(good, current, await distanceOf(data, timeout));
  } catch (error) {
    return { why: (error as Error).message };
  }
}

/** The nearest server; the present one, unless another is much nearer. */
export function nearest(
  replicas: readonly Candidate[],
  present: Candidate | undefined,
  masterDistance: Millis,
): Choice {
  const best = replicas.reduce((one, other) => other.distance < one.distance ? other : one);
  if (present !== undefined) {
    const least = Math.min(best.distance, masterDistance);
    if (least >= present.distance * GAIN) return { replica: present };
    return best.distance <= masterDistance ? { replica: best } : { why: NEAREST_IS_MASTER };
  }
  return best.distance < masterDistance * GAIN ? { replica: best } : { why: NEAREST_IS_MASTER };
}

function reasonOf(places: readonly Place[], trials: readonly PromiseSettledResult<unknown>[]) {
  return trials.flatMap((one, index) =>
    one.status === "rejected" ? [`${nameOf(places[index]!)}: ${(one.reason as Error).message}`] : []
  ).join("; ");
}

function shuffled<T>(all: readonly T[]): T[] {
  return all.map((one) => ({ one, at: Math.random() })).sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
