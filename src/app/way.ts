/**
 * A way to Redis: the path of reads, and the lanes for all other commands.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import type { Lanes } from "../lanes/mod.ts";
import type { DataPath } from "./data_path.ts";

export interface Way {
  readonly config: Config;
  readonly data: DataPath;
  /** Null if only reads are served. */
  readonly lanes: Lanes | null;
}

/** Ends a way. Its permits may be those of other ways, too. */
export function close({ data, lanes }: Way): void {
  data.sentinels?.close();
  data.backing.close();
  data.table.close();
  lanes?.close();
}
