/**
 * One master of a cluster: a link to it, reads over it, and what it says of the cluster.
 *
 * @module
 */
import type { Flight, Millis, Origin } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import { Breaker, type BreakerOptions } from "../../origin/breaker.ts";
import type { NodeFollower } from "../../origin/follower.ts";
import type { Identity } from "../../origin/greeting.ts";
import { Link } from "../../origin/link.ts";
import { fixed } from "../../origin/location.ts";
import { failureOf } from "../../origin/loss.ts";
import { RedisOrigin } from "../../origin/mod.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import { parseReply, ReplyError } from "../../origin/wire/reply.ts";
import { readAsking } from "./asking.ts";
import { canaryOf } from "./canary.ts";
import { Claim } from "./claim.ts";
import type { NodeParts } from "./node_parts.ts";
import { NodeReplicas } from "./node_replicas.ts";
import { type Place, replicasIn, type Shares } from "./slots_reply.ts";
import { askSlots, type SlotsText } from "./slots_text.ts";

/** What a node says of the cluster. */
export interface View {
  readonly shares: Shares;
  /** Whether it said the same before. */
  readonly isSame: boolean;
}

/** Who is told what a node says. */
export interface NodeListener {
  /** It is connected. */
  up(node: ClusterNode): void;
  /** Its connection is lost. */
  down(node: ClusterNode): void;
  /** It was asked at `sentAt` for all slots. */
  viewed(node: ClusterNode, view: View, sentAt: Millis): void;
  /** It redirects requests for the slot of a probe. */
  moved(node: ClusterNode, message: string): void;
  /** It has rested or was silent, and is to be confirmed anew. */
  woke(node: ClusterNode): void;
  /** Whether it has to be watched, even if nobody reads from it. */
  isNeeded(node: ClusterNode): boolean;
  /** Since when a slot has its present node. */
  since(slot: number): Millis;
}

/** The node is probed, and asked for its slots, every so many beats: each third of the lease. */
const BEATS = 2;

/** A cluster that is down for a moment refuses many reads at once, and serves them soon after. */
const BREAKER: BreakerOptions = { failures: 5, trialEvery: 20, refusedEvery: 20 };

export class ClusterNode {
  readonly link: Link;
  readonly origin: RedisOrigin;
  /** Reads from its replicas; null if only masters are read. */
  readonly replicas: NodeReplicas | null;
  /** What it has proven of its slots. */
  readonly claim = new Claim();
  /** When it was connected, or has rested last; Infinity while it is not connected. */
  connectedAt: Millis = Infinity;
  /** The slots that requests are sent to it for. */
  owned: Uint8Array = new Uint8Array(0);
  /** How many changes its last view was judged after, so that the same view need not be again. */
  viewedAfter = -1;
  /** Keys that were read from it. */
  reads = 0;
  /** Whether it is probed rarely, and not asked for its slots, because nobody reads from it. */
  isResting = false;
  #neededUntil: Millis = -Infinity;
  readonly #reads: Origin;
  /** When the last question was sent that it has answered. */
  #provenAt: Millis = -Infinity;
  #view: SlotsText | null = null;

  /**
   * @param name host:port.
   * @param index A number that it keeps for good.
   */
  constructor(
    readonly name: string,
    readonly index: number,
    readonly address: OriginAddress,
    readonly follower: NodeFollower,
    readonly listener: NodeListener,
    readonly parts: NodeParts,
  ) {
    const { options, permits, budget, stats, log } = parts;
    const watch = (connection: Connection) => () => this.#probe(connection);
    const rest = { isNeeded: () => this.#isNeeded(), rested: () => this.#rested() };
    const own = { ...options, beats: BEATS, watch, rest };
    this.link = new Link(fixed(address), own, this.#follow(follower), log);
    const breaker = new Breaker(BREAKER);
    this.origin = new RedisOrigin(this.link, permits, budget, stats, log, undefined, breaker);
    this.replicas = parts.replicas === null
      ? null
      : new NodeReplicas(this, parts.replicas, (slot) => listener.since(slot), parts);
    this.#reads = this.replicas?.reads ?? this.origin;
  }

  /** Whether another node has named it as a master since it was connected. */
  get isWitnessed(): boolean {
    return this.claim.isWitnessed;
  }

  set isWitnessed(isWitnessed: boolean) {
    this.claim.isWitnessed = isWitnessed;
  }

  /** Where it says that its replicas are. */
  get replicaPlaces(): readonly Place[] {
    const { host } = this.address;
    return this.#view === null ? [] : replicasIn(parseReply(this.#view.bytes), host, this.name);
  }

  /** Reads keys of its slots. */
  read(flights: readonly Flight[]): void {
    this.need(this.parts.keptFor());
    this.reads += flights.length;
    this.#reads.read(flights);
  }

  /** Has it be watched for so long, beginning now. */
  need(time: Millis): void {
    const now = performance.now();
    this.#neededUntil = Math.max(this.#neededUntil, now + time);
    if (!this.isResting) return;
    this.isResting = this.isWitnessed = false;
    this.connectedAt = this.#provenAt = now;
    this.follower.woke();
    this.link.wake();
    this.replicas?.keeper.woke();
    this.listener.woke(this);
  }

  /** Asks it for its slots now. */
  async view(): Promise<void> {
    const { upstream } = this.link;
    if (upstream !== null) await this.#ask(upstream.data).catch(() => {/* The probes notice. */});
  }

  /** Reads a key of a slot that another node is giving to this one. */
  ask(flight: Flight): void {
    const { upstream, loss } = this.link;
    if (upstream === null) return flight.settled(failureOf(loss), performance.now());
    this.need(this.parts.keptFor());
    this.reads++;
    readAsking(upstream.data, flight);
  }

  /** Resolves to true once all earlier changes of its slots are known, or to false if that fails. */
  fence(): Promise<boolean> {
    return this.replicas?.prove() ?? this.link.fence();
  }

  /** Authenticates all connections again. */
  async authenticate(identity: Identity): Promise<void> {
    this.address.password = identity.password;
    await Promise.all([
      this.origin.authenticate(identity),
      this.replicas?.keeper.authenticate(identity),
    ]);
  }

  /** The clock jumped: no earlier proof counts. */
  doubted(): void {
    this.follower.doubted();
    this.claim.reset();
    this.replicas?.keeper.doubt();
  }

  close(): void {
    this.replicas?.keeper.close();
    this.origin.close();
  }

  async #probe(connection: Connection): Promise<void> {
    const canary = canaryOf(this.owned);
    await Promise.all([
      canary === null ? null : this.askCanary(connection, canary),
      this.isResting ? null : this.#ask(connection),
    ]);
  }

  /** A node that lost the cluster refuses every key, and one that lost the slot redirects. */
  protected async askCanary(connection: Connection, canary: string): Promise<void> {
    try {
      await connection.call("EXISTS", canary);
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof ReplyError) || !/^(MOVED|ASK|NOPERM) /.test(message)) throw error;
      this.listener.moved(this, message);
    }
  }

  async #ask(connection: Connection): Promise<void> {
    const sentAt = performance.now();
    const view = await askSlots(connection, this.address.host, this.#view);
    connection.known = view.bytes;
    const isSame = view.shares === this.#view?.shares;
    this.#view = view;
    this.listener.viewed(this, { shares: view.shares, isSame }, sentAt);
  }

  /**
   * Whether another master may have replaced it in a silence of this length. The cluster replaces no
   * master that is silent for less.
   */
  protected mayBeReplaced(silence: Millis): boolean {
    return silence > this.parts.options.lease / 2;
  }

  /** It has answered a probe. After a silence, that of a master that was replaced looks the same. */
  #answered(sentAt: Millis): void {
    const now = performance.now();
    const silence = now - this.#provenAt;
    this.#provenAt = sentAt;
    if (this.isResting || !this.mayBeReplaced(silence)) return;
    this.isWitnessed = false;
    this.connectedAt = now;
    this.follower.unwitnessed();
    this.listener.woke(this);
  }

  #isNeeded(): boolean {
    return performance.now() < this.#neededUntil || this.listener.isNeeded(this);
  }

  #rested(): void {
    if (this.isResting) return;
    this.isResting = true;
    this.link.upstream?.data.trim();
    this.follower.rested();
  }

  #follow(follower: NodeFollower): NodeFollower {
    return {
      ...follower,
      up: (...connection) => {
        this.connectedAt = this.#provenAt = performance.now();
        this.isWitnessed = this.isResting = false;
        this.claim.reset();
        follower.up(...connection);
        this.replicas?.keeper.masterUp();
        this.listener.up(this);
      },
      answered: (side, sentAt) => {
        if (side === "data") {
          this.#answered(sentAt);
          this.claim.answered(sentAt);
        }
        follower.answered(side, sentAt);
      },
      doubted: () => this.doubted(),
      down: (now) => {
        this.connectedAt = Infinity;
        this.isResting = false;
        follower.down(now);
        this.listener.down(this);
      },
    };
  }
}
