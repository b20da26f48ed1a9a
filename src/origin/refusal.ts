/**
 * Refusals of a step of the handshake: their meaning, and advice for the operator. Pure, and the
 * same for every kind of connection.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";

/** The error when Redis has no room for another connection. It closes the refused one afterwards. */
const NO_ROOM = /^ERR max number of clients/;

/** What to do about a refusal, by the words of its error. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|^ERR invalid password/, "Check the user and the password in --redis-url"],
  [/^ERR wrong number of arguments for 'auth'/, "This Redis has no users: give a password alone"],
  [/^NOAUTH/, "Give the password in --redis-url"],
  [/cluster support disabled/, "This Redis is no node of a cluster: name it alone in --redis-url"],
  [/DB index/, "Check the number of the database in --redis-url"],
  [/cluster mode/, "A Redis Cluster has database 0 only: change the number in --redis-url"],
  [/^NOPERM/, "Grant this right to the user of Redis"],
  [/^LOOP/, "--redis-host and --redis-port lead back to this proxy: name the Redis itself"],
  [/^DENIED/, "Give Redis a password, or allow this machine in its configuration"],
];

/** Redis refused a required step, or said "not now". */
export class Refused extends Error {
  /**
   * @param step The step, without secrets.
   * @param reply The error of Redis, which begins with its code.
   */
  constructor(readonly step: string, readonly reply: string) {
    super(`${step}: ${reply}`);
  }

  /** Whether it ends by itself, as `LOADING` does. If not, somebody must change something. */
  get isPassing(): boolean {
    return isNotNow(this.reply) || NO_ROOM.test(this.reply);
  }

  /** What to do about it; empty if that is not known. */
  get advice(): string {
    return ADVICE.find(([words]) => words.test(this.reply))?.[1] ?? "";
  }
}

/** The reply of a server that closes the connection instead. */
export const CLOSES = "Redis closes the connection";

/** Redis refused an optional step. */
export class Declined extends Error {
  /**
   * @param step The step.
   * @param reply The error of Redis, or that it closes the connection.
   */
  constructor(readonly step: string, readonly reply: string) {
    super(`${step}: ${reply}`);
  }

  /** Whether the server closed connections at this step. A network fault may look like that. */
  get isClosing(): boolean {
    return this.reply === CLOSES;
  }
}

/** Errors for a command that this user may not use, or this server does not have. */
const FORBIDDEN =
  /can't run|permissions to run|unknown (sub)?command|not supported|disabled|closes the connection/i;

/** Whether an error is about the command as such, and not about its arguments. */
export function isForbidden(reply: string): boolean {
  return FORBIDDEN.test(reply);
}

/** Whether an error to a GET means that this connection may read no key. */
export function mayNotRead(reply: string): boolean {
  return /^(NOAUTH|WRONGPASS|LOOP|DENIED|ORIGINREFUSED) /.test(reply) || isForbidden(reply);
}
