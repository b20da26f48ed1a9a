/**
 * What it means that Redis refuses a step of a connection's handshake, and what the operator can do
 * about it. Pure, and the same for every kind of connection.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";

/** Redis has no room for another connection now; redis-server then closes the one it has refused. */
const NO_ROOM = /^ERR max number of clients/;

/** What to do about a refusal, by its words. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|^ERR invalid password/, "Check the user and the password in --redis-url"],
  [/^ERR wrong number of arguments for 'auth'/, "This Redis has no users: give a password alone"],
  [/^NOAUTH/, "Give the password in --redis-url"],
  [/DB index/, "Check the number of the database in --redis-url"],
  [/cluster mode/, "A Redis Cluster has database 0 only: change the number in --redis-url"],
  [/^NOPERM/, "Grant this right to the user of Redis"],
  [/^LOOP/, "--redis-host and --redis-port lead back to this proxy: name the Redis itself"],
  [/^DENIED/, "Give Redis a password, or allow this machine in its configuration"],
];

/** Redis refused a step that there is no doing without, or put it off. */
export class Refused extends Error {
  /**
   * @param step What was asked, without any secret.
   * @param reply The error that Redis replied with, code first.
   */
  constructor(readonly step: string, readonly reply: string) {
    super(`${step}: ${reply}`);
  }

  /** Whether it passes by itself, as `LOADING` does. If not, somebody has to change something. */
  get isPassing(): boolean {
    return isNotNow(this.reply) || NO_ROOM.test(this.reply);
  }

  /** What to do about it; empty where there is nothing to say. */
  get advice(): string {
    return ADVICE.find(([words]) => words.test(this.reply))?.[1] ?? "";
  }
}

/** Redis refused a step that the proxy can do without. */
export class Declined extends Error {
  /**
   * @param step What was asked.
   * @param reply The error that Redis replied with; or that it closes the connection.
   */
  constructor(readonly step: string, readonly reply: string) {
    super(`${step}: ${reply}`);
  }
}

/** Errors of a command that this user, or this server, does not have. */
const FORBIDDEN =
  /can't run|permissions to run|unknown (sub)?command|not supported|disabled|closes the connection/i;

/** Whether an error says that the command is not to be had at all, and nothing of its arguments. */
export function isForbidden(reply: string): boolean {
  return FORBIDDEN.test(reply);
}

/** Whether an error to a GET says that this connection may not read at all, whatever the key. */
export function mayNotRead(reply: string): boolean {
  return /^(NOAUTH|WRONGPASS|LOOP|DENIED|ORIGINREFUSED) /.test(reply) || isForbidden(reply);
}
