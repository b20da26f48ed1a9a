/**
 * What passed commands have changed, carried to the cache before their replies go on. Then whoever
 * reads after a reply finds no older value: reads that were under way are detached, and later ones
 * reach Redis after the write.
 *
 * @module
 */
import type { Written } from "../commands/keys.ts";
import type { Key } from "../core/types.ts";

/** The cache, as far as changes concern it. */
export interface ChangeLog {
  /** Drops a key, and detaches the read of it that is under way. */
  invalidate(key: Key): void;
  /** Drops every key. */
  flush(): void;
  /** Resolves to true once every change that Redis made before now is known; false if it cannot. */
  fence(): Promise<boolean>;
}

/**
 * Takes note of what a command may have changed, now that its reply has come or failed to come.
 * The reply must not go on before a promise that this returns is settled.
 */
export function settle({ keys, beyond }: Written, cache: ChangeLog): void | Promise<void> {
  for (const key of keys) cache.invalidate(key);
  if (beyond === "everything") return cache.flush();
  if (beyond === "unnamed") return fenced(cache);
}

/** Redis announced the keys that nothing names before it replied; without a fence, any may be old. */
async function fenced(cache: ChangeLog): Promise<void> {
  if (!await cache.fence()) cache.flush();
}

/** Adds up what the commands of a transaction have changed. */
export function joined(all: readonly Written[]): Written {
  const beyonds = new Set(all.map(({ beyond }) => beyond));
  const beyond = (["everything", "unnamed"] as const).find((one) => beyonds.has(one)) ?? "nothing";
  return { keys: all.flatMap(({ keys }) => keys), beyond };
}
