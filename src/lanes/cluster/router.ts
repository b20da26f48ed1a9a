/**
 * What lanes need to know of a cluster. Types only.
 *
 * @module
 */
import type { OriginAddress } from "../../origin/address.ts";

/** A master. */
export interface RoutedNode {
  /** host:port. */
  readonly name: string;
  /** A number that it keeps for good. */
  readonly index: number;
  readonly address: OriginAddress;
}

/** Where an error sends a request. */
export interface Redirection {
  readonly isAsk: boolean;
  readonly node: RoutedNode;
}

export interface Router {
  /** The masters that own slots, in an order that lasts. */
  readonly owners: readonly RoutedNode[];
  /** The master of a slot; null while none is known. */
  nodeOf(slot: number): RoutedNode | null;
  /** Where an error of this node sends a request; null if nowhere. Notes that a slot has moved. */
  redirection(message: string, from: RoutedNode): Redirection | null;
  /** A node cannot serve a slot now: the cluster may be about to change. */
  refresh(): void;
}
