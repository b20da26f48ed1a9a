/**
 * The parts that all connections of a server share. Types only.
 *
 * @module
 */
import type { Entrance } from "./arrival.ts";
import type { Lookup } from "../core/types.ts";
import type { SlowClients } from "./slow_clients.ts";
import type { Stats } from "../core/stats.ts";

export interface Service {
  readonly lookup: Lookup;
  readonly stats: Stats;
  /** The clients that do not read their replies, and the memory that they cost. */
  readonly slow: SlowClients;
  /** The start of new connections. */
  readonly entrance: Entrance;
}
