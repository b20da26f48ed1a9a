/**
 * Tells the cache what a passed command has changed, before its reply is passed on. So a client
 * that reads after the reply never gets an older value: in-flight reads are detached, and later
 * reads reach Redis after the write.
 *
 * @module
 */
import type { Written } from "../commands/keys.ts";
import type { Key } from "../core/types.ts";

/** The part of the cache that takes changes. */
export interface ChangeLog {
  /** Drops a key, and detaches its in-flight read. */
  invalidate(key: Key): void;
  /** Drops every key. */
  flush(): void;
  /**
   * Resolves to true once all earlier changes of Redis are known, or to false if that fails.
   *
   * @param withSwaps Whether databases may have been swapped, which Redis does not announce.
   */
  fence(withSwaps: boolean): Promise<boolean>;
}

/**
 * Drops the keys that a command may have changed, once its reply has come or is lost. If it returns
 * a promise, the reply must not be passed on before the promise is settled.
 *
 * @param isCausal Whether changes that other clients made before this reply must be known as well.
 */
export function settle(
  { keys, beyond }: Written,
  cache: ChangeLog,
  isCausal = false,
): void | Promise<void> {
  for (const key of keys) cache.invalidate(key);
  if (beyond === "everything") return cache.flush();
  if (beyond === "unnamed" || isCausal) return fenced(cache, beyond === "unnamed");
}

/**
 * Redis announces the changes of unnamed keys before it replies. If the fence fails, any entry may
 * be old.
 */
async function fenced(cache: ChangeLog, withSwaps: boolean): Promise<void> {
  if (!await cache.fence(withSwaps)) cache.flush();
}

/** Joins the changes of several commands. */
export function joined(all: readonly Written[]): Written {
  const beyonds = new Set(all.map(({ beyond }) => beyond));
  const beyond = (["everything", "unnamed"] as const).find((one) => beyonds.has(one)) ?? "nothing";
  return { keys: all.flatMap(({ keys }) => keys), beyond };
}
