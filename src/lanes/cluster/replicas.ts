/**
 * How many replicas of a master have its writes: WAIT, for clients whose writes took connections that
 * they share. A master answers WAIT only for the writes of one connection, and blocks that connection.
 * So the proxy asks the master how far its replication is (ROLE), and then how far its replicas are,
 * until enough of them are there. A WAIT for more replicas than there can be makes the master ask its
 * replicas at once, which otherwise tell every second.
 *
 * Source: https://redis.io/docs/latest/commands/wait/
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { Reply } from "../../origin/wire/reply.ts";
import type { RoutedNode } from "./router.ts";

/** More replicas than there can be, for a millisecond. */
export const NUDGE = ["WAIT", "1000000", "1"];

/** Pauses between questions. Each is twice as long as the one before. */
const SHORTEST: Millis = 1;
const LONGEST: Millis = 100;

/** What a master is asked. */
export interface Asked {
  /** The reply to ROLE; undefined if there is none. */
  role(): Promise<Reply | undefined>;
  /** Sends it the nudge. The reply may take 100 ms, so another connection has to ask for the role. */
  nudge(): Promise<unknown>;
}

/** What a client waits for. */
interface Wanted {
  readonly replicas: number;
  /** Until when; Infinity for no limit. */
  readonly deadline: Millis;
  /** Whether nobody waits any more. */
  isOver(): boolean;
}

/** The master is none any more, so it cannot answer for what was written to it. */
const NO_MASTER = "no master";

/** As Redis unblocks the clients of a master that becomes a replica. */
const DEMOTED = "UNBLOCKED force unblock from blocking operation, " +
  "instance state changed (master -> replica?)";

/**
 * Returns the reply to WAIT for all masters that a client has written to: the least of their numbers.
 *
 * @param words The words of the request.
 * @param written The names of the masters that the client has written to.
 * @param owners The masters that there are.
 * @param isOver Whether the client has left.
 * @returns The reply; null if the words are wrong.
 */
export async function waitForReplicas(
  [, replicas = "", timeout = "", ...rest]: readonly string[],
  written: ReadonlySet<string>,
  owners: readonly RoutedNode[],
  masterAt: (node: RoutedNode) => Asked,
  isOver: () => boolean,
): Promise<string | null> {
  if (rest.length > 0 || !isCount(replicas) || !isCount(timeout)) return null;
  const own = owners.filter(({ name }) => written.has(name));
  // The slots of a master that is gone may be anywhere.
  const asked = own.length < written.size || written.size === 0 ? owners : own;
  const deadline = Number(timeout) === 0 ? Infinity : performance.now() + Number(timeout);
  const wanted: Wanted = { replicas: Number(replicas), deadline, isOver };
  const found = await Promise.all(
    asked.map((node) => replicasOf(masterAt(node), written.size > 0, wanted)),
  );
  if (found.includes(NO_MASTER)) return `-${DEMOTED}\r\n`;
  return `:${Math.min(...found as number[])}\r\n`;
}

/** Whether a word is a number of replicas or milliseconds. */
function isCount(word: string): boolean {
  return /^\d{1,15}$/.test(word);
}

/**
 * Returns the number of replicas that have all that was written to a master so far.
 *
 * @param hasWritten Whether there is anything that they must have.
 */
async function replicasOf(
  master: Asked,
  hasWritten: boolean,
  wanted: Wanted,
): Promise<number | typeof NO_MASTER> {
  let offset: number | null = hasWritten ? null : 0;
  let pause = SHORTEST;
  let isNudged = false;
  for (let found = 0;;) {
    const role = await master.role();
    if (Array.isArray(role)) {
      if (role[0] !== "master") return NO_MASTER;
      offset ??= Number(role[1]);
      found = arrived(role, offset);
    }
    if (found >= wanted.replicas || performance.now() >= wanted.deadline || wanted.isOver()) {
      return found;
    }
    if (!isNudged) {
      isNudged = true;
      master.nudge().finally(() => isNudged = false);
    }
    const left = wanted.deadline - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, Math.min(pause, left))));
    pause = Math.min(2 * pause, LONGEST);
  }
}

/** The number of replicas that have acknowledged an offset. */
function arrived(role: readonly Reply[], offset: number): number {
  const replicas = role[2] as readonly Reply[][];
  return replicas.filter((replica) => Number(replica[2]) >= offset).length;
}
