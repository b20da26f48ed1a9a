/**
 * The parts that all connections of a server share. Types only.
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
  /** The unread replies of all clients. */
  readonly backlog: Backlog;
  /** The clients that read no replies and are read ahead. */
  readonly stalls: Stalls;
  /** The start of new connections. */
  readonly entrance: Entrance;
}
