/**
 * The channel of a cluster: as that of one Redis, with a proof for each tenure in place of each epoch.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import { Channel, type ChannelOptions } from "../channel.ts";
import { Life, type Tenures } from "./tenures.ts";

export class ClusterChannel extends Channel {
  /** The connections that there are. */
  readonly lives = new Set<Life>();

  constructor(options: ChannelOptions, readonly tenures: Tenures) {
    super(options);
  }

  /** What no node announces is not kept. */
  override get isKeeping(): boolean {
    return this.state === "tracked";
  }

  /** The latest time at which all entries were proven right. Nothing is kept of those who rest. */
  override get provenAt(): Millis {
    const awake = [...this.lives].filter(({ isResting }) => !isResting);
    return Math.min(...awake.map(({ provenAt }) => provenAt));
  }

  override endOf(tenure: number): Millis {
    return this.tenures.endOf(tenure);
  }

  override proofOf(tenure: number): Millis {
    return this.tenures.endOf(tenure);
  }

  /** A node is connected. */
  began(life: Life): void {
    this.lives.add(life);
    this.state = "tracked";
  }

  /** A connection to a node is lost. */
  ended(life: Life, now: Millis): void {
    this.lives.delete(life);
    this.lostAt = now;
    // Readiness asks for the end of the epoch before this one.
    this.epoch = this.tenures.last + 1;
    if (this.lives.size === 0) this.state = "down";
  }
}
