/**
 * What all connections of a server share. Types only.
 *
 * @module
 */
import type { Entrance } from "./arrival.ts";
import type { Lookup } from "../core/types.ts";
import type { Backlog } from "./reply_backlog.ts";
import type { Stalls } from "./slow_clients.ts";
import type { Stats } from "../core/stats.ts";

export interface Service {
  readonly lookup: Lookup;
  readonly stats: Stats;
  /** The replies that all clients have not taken yet. */
  readonly backlog: Backlog;
  /** The clients that take no replies, and are read on from. */
  readonly stalls: Stalls;
  /** Where new connections come in. */
  readonly entrance: Entrance;
}
