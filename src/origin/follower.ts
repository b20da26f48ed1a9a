/**
 * The events of the connections to Redis, and the changes that Redis announces. Types only.
 *
 * @module
 */
import type { Key, Millis } from "../core/types.ts";

/** The two things to prove: reads are tracked (`data`), and invalidations come. */
export type Side = "data" | "invalidation";

/** How Redis announces changes: on the connection that reads, or on a second one. */
export type TrackingMode = "inline" | "redirect";

/** A listener to the events of the link. */
export interface Follower {
  /**
   * The link is up.
   *
   * @param tracking How Redis announces changes; null if it does not.
   * @param provenAt When the probes were sent that all connections answered.
   * @param mayKeepUntold Whether values may be cached although Redis does not announce changes.
   * @param redis The address, as it may be shown.
   */
  up(tracking: TrackingMode | null, provenAt: Millis, mayKeepUntold: boolean, redis: string): void;
  /** The link is lost. */
  down(now: Millis): void;
  /** A connection answered the probe that was sent at `sentAt`. */
  answered(side: Side, sentAt: Millis): void;
  /** The clock jumped, as after a sleep of the machine: no earlier proof counts. */
  doubted(): void;
  /** Redis announced a change of a key. */
  invalidate(key: Key): void;
  /** Redis announced that all keys were deleted. */
  flush(): void;
  /** A message on the channel of invalidations was not an invalidation. */
  foreign(): void;
}

/** Who is told of one node of a cluster. */
export interface NodeFollower extends Follower {
  /** Another node, asked after this one was connected, names it as a master. */
  witnessed(): void;
  /** It may have been replaced since another node has named it. */
  unwitnessed(): void;
  /**
   * The node has said which slots it owns.
   *
   * @param owned 1 for each slot that it owns, and to which requests for the slot are sent.
   * @param sentAt When it was asked.
   */
  viewed(owned: Uint8Array, sentAt: Millis): void;
  /** A replica of the node is read: it has all changes from before `provenAt`, and announced them. */
  caughtUp(provenAt: Millis): void;
  /** No replica of the node is read any more. */
  leftReplica(): void;
  /** The node is not asked for its slots any more, because nobody needs to know. */
  rested(): void;
  /** Somebody needs to know again. */
  woke(): void;
}

/** Who is told of a cluster. */
export interface ClusterFollower {
  /** Returns who is told of the node with this address. */
  node(name: string): NodeFollower;
  /** A slot has left the node that owned it. */
  lost(slot: number): void;
}
