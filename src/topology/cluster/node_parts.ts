/**
 * What all nodes of a cluster share.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { ReadFrom } from "../replicas/choice.ts";
import type { ReplicaParts } from "../replicas/mod.ts";
import type { Turns } from "./turns.ts";

/** How replicas are read. */
export interface ReplicaReads {
  readonly readFrom: ReadFrom;
  /** Masters whose replicas are tried at once. */
  readonly turns: Turns;
}

export interface NodeParts extends ReplicaParts {
  /** How long what is read may be kept. */
  readonly keptFor: () => Millis;
  /** How replicas are read; null if only masters are. */
  readonly replicas: ReplicaReads | null;
}
