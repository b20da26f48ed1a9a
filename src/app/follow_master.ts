/**
 * Has all that is connected to the master follow it: the link, the lanes and the cache.
 *
 * @module
 */
import type { Lanes } from "../lanes/mod.ts";
import type { DataPath } from "./data_path.ts";

/** Has all follow the master of the sentinels from now on; without sentinels it never moves. */
export function followMaster(
  { sentinels, link, table, replicas }: DataPath,
  lanes: Lanes | null,
): void {
  if (sentinels === null) return;
  sentinels.listener = {
    moved(why) {
      (replicas ?? link)?.move(why);
      lanes?.move(why);
    },
    witnessed: (sentAt) => (replicas ?? table.channel).witnessed(sentAt),
  };
  sentinels.start();
}
