/**
 * Drops entries from the cache by hand, and logs that it did.
 *
 * @module
 */
import type { Table } from "../cache/table.ts";
import type { Log } from "../core/log.ts";
import type { Purge, Purged } from "../core/purge.ts";

/** Returns the function that drops entries of these tables: those of all databases. */
export function purgeOf(tables: () => readonly Table[], log: Log): Purge {
  return (purged) => {
    const entries = tables().reduce((sum, table) => sum + drop(table, purged), 0);
    log.info("Purged the cache", { what: purged.kind, entries });
    return entries;
  };
}

function drop(table: Table, purged: Purged): number {
  switch (purged.kind) {
    case "key":
      return table.purgeKey(purged.key);
    case "prefix":
      return table.purgePrefix(purged.prefix);
    case "all":
      return table.purgeAll();
  }
}
