/**
 * The password of Redis that is in a file and changes while the proxy runs, such as a token that
 * expires: new connections use it, and those that there are are authenticated again.
 *
 * @module
 */
import { readPassword } from "../config/mod.ts";
import type { Log } from "../core/log.ts";
import type { Millis } from "../core/types.ts";
import type { Ways } from "./ways.ts";

/** How often the file is looked at. */
const PACE: Millis = 1000;

export class RedisPassword {
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Why the file could not be used last time; empty if it could. */
  #problem = "";

  /** @param path The file. */
  constructor(
    readonly path: string,
    readonly ways: Ways,
    readonly log: Log,
  ) {}

  /** Looks at the file from now on. */
  start(): void {
    this.#timer = setInterval(() => this.#look(), PACE);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Reads the file, and uses the password if it is another one than before.
   *
   * @throws {ConfigError} When the file cannot be used. The old password stays.
   */
  async reload(): Promise<void> {
    const password = readPassword("--redis-password-file", this.path, Deno.readTextFileSync);
    const { now, all } = this.ways;
    if (password === now.config.origin.password) return;
    for (const { config: { origin } } of all) origin.password = password;
    now.data.credentials?.change(password);
    try {
      await Promise.all(all.flatMap(({ config: { origin }, data, lanes }) => [
        data.backing.authenticate(origin),
        lanes?.authenticate(),
      ]));
      this.log.info("The password of Redis has changed: authenticated all connections again");
    } catch (error) {
      const why = (error as Error).message;
      const event = "Redis does not take the new password: connections stay as they are";
      this.log.error(event, { why, advice: "Check --redis-password-file" });
    }
  }

  async #look(): Promise<void> {
    try {
      await this.reload();
      this.#problem = "";
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#problem) {
        this.log.warn("Kept the old password of Redis", { why: message });
      }
      this.#problem = message;
    }
  }
}

/** Returns what looks after the password of Redis; null if it is in no file. */
export function makeRedisPassword(ways: Ways, log: Log): RedisPassword | null {
  const path = ways.now.config.values["redis-password-file"];
  return path === null ? null : new RedisPassword(path, ways, log);
}
