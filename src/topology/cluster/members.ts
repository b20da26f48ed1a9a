/**
 * The masters of a cluster, and which of them has which slot. Follows what the nodes say: nodes come
 * and go, slots move, and a new connection counts only when another node has confirmed it.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import type { ClusterFollower } from "../../origin/follower.ts";
import { ClusterNode, type NodeListener, type View } from "./node.ts";
import type { NodeParts } from "./node_parts.ts";
import { Opening } from "./opening.ts";
import { Rounds } from "./rounds.ts";
import { SlotMap } from "./slot_map.ts";
import { nameOf, type Place, readRedirection, type Shares } from "./slots_reply.ts";

/** How long all nodes are watched after a change of the cluster, in leases: gossip takes its time. */
const STIRRED = 3;

/** How long a node without slots is kept. */
const KEPT: Millis = 10_000;

export class Members implements NodeListener {
  readonly map: SlotMap<ClusterNode>;
  /** Called when nodes have come or gone. */
  onChange: () => void = () => {};
  /** How long a node is kept that owns no slot. */
  kept: Millis = KEPT;
  /** Called when a node is connected. */
  onUp: () => void = () => {};
  readonly #nodes = new Map<string, ClusterNode>();
  /** The numbers of the nodes, also of those that are gone. */
  readonly #indexes = new Map<string, number>();
  /** Since when nodes own no slot. */
  readonly #idleSince = new Map<ClusterNode, Millis>();
  /** What a node said last. */
  #shares: Shares = new Map();
  /** The nodes that owned slots when somebody was last told. */
  #owners: ReadonlySet<ClusterNode> = new Set();
  /** The owners in their order, and what they were sorted from. */
  #sorted: readonly ClusterNode[] = [];
  #sortedOf: ReadonlySet<ClusterNode> | null = null;
  /** How often anything has changed. */
  #changes = 0;
  readonly #rounds: Rounds;
  readonly #opening = new Opening(() => this.all);

  /** @param origin A node without its place. */
  constructor(
    readonly origin: OriginAddress,
    readonly follower: ClusterFollower,
    readonly parts: NodeParts,
  ) {
    this.#rounds = new Rounds(() => this.#connected, this.#stirred);
    this.map = new SlotMap(parts.replicas === null ? null : () => performance.now());
  }

  get all(): readonly ClusterNode[] {
    return [...this.#nodes.values()];
  }

  /** The nodes that own slots, in an order that lasts. */
  get owners(): readonly ClusterNode[] {
    const { owners } = this.map;
    if (owners !== this.#sortedOf) {
      this.#sortedOf = owners;
      this.#sorted = [...owners].sort((one, other) => one.index - other.index);
    }
    return this.#sorted;
  }

  close(): void {
    this.#rounds.close();
    this.#opening.close();
    for (const node of this.#nodes.values()) node.close();
  }

  /** The node at a place; a new one is connected to. */
  at(place: Place, name = nameOf(place)): ClusterNode {
    const known = this.#nodes.get(name);
    if (known !== undefined) {
      // A slot may be on its way there.
      if (this.#idleSince.has(known)) this.#idleSince.set(known, performance.now());
      return known;
    }
    const index = this.#indexes.get(name) ?? this.#indexes.size;
    this.#indexes.set(name, index);
    const address = { ...this.origin, ...place };
    const follower = this.follower.node(name);
    const node = new ClusterNode(name, index, address, follower, this, this.parts);
    this.#nodes.set(name, node);
    this.#changes++;
    this.#opening.open(node);
    this.#opening.retrySoon();
    this.onChange();
    return node;
  }

  /** What a node says before any has been connected. */
  learn(shares: Shares): void {
    for (const [name, ranges] of shares) this.map.fill(this.at(ranges[0]!.place, name), ranges);
  }

  /** A slot has moved. Returns its node. */
  movedTo(slot: number, place: Place): ClusterNode {
    const node = this.at(place);
    if (this.map.of(slot) === node) return node;
    this.follower.lost(slot);
    this.map.moved(slot, node);
    this.#changes++;
    this.#adopt();
    this.#stir();
    node.view();
    return node;
  }

  /** The cluster may be about to change: asks nodes for their slots, soon. */
  refresh(): void {
    this.#rounds.refresh();
  }

  up(node: ClusterNode): void {
    node.view();
    this.#rounds.askWitnesses();
    this.#opening.retry();
    this.onUp();
  }

  woke(): void {
    this.#rounds.askWitnesses();
  }

  since(slot: number): Millis {
    return this.map.since(slot);
  }

  isNeeded(node: ClusterNode): boolean {
    let isAlone = true;
    // Nobody names a node without slots as a master, so it is not waited for.
    for (const one of this.map.owners) {
      if (one.link.upstream === null) continue;
      if (!one.isWitnessed) return true;
      if (one !== node && !one.isResting) isAlone = false;
    }
    // One of them always tells of changes.
    return isAlone;
  }

  down(node: ClusterNode): void {
    node.owned = new Uint8Array(0);
    this.map.gone(node);
    this.#changes++;
    this.refresh();
    this.#opening.retrySoon();
  }

  moved(node: ClusterNode, message: string): void {
    const redirection = readRedirection(message, node.address.host);
    if (redirection?.kind === "MOVED") this.movedTo(redirection.slot, redirection.place);
  }

  viewed(node: ClusterNode, view: View, sentAt: Millis): void {
    const { shares, isSame } = view;
    this.#shares = shares;
    this.#witness(node, shares, sentAt);
    if (!isSame || node.viewedAfter !== this.#changes) {
      if (!isSame) {
        this.#changes++;
        this.#stir();
      }
      this.learn(shares);
      node.owned = this.map.viewed(node, shares.get(node.name) ?? [], node.owned);
      this.#adopt();
      node.viewedAfter = this.#changes;
    } else if (this.#idleSince.size > 0) {
      this.#adopt();
    }
    node.claim.viewed(node.owned, sentAt);
    if (!node.isResting) node.follower.viewed(node.owned, sentAt);
  }

  /** The cluster is changing: all nodes are watched for a while. */
  #stir(): void {
    for (const node of this.#nodes.values()) node.need(this.#stirred);
  }

  get #stirred(): Millis {
    return STIRRED * this.parts.options.lease;
  }

  get #connected(): readonly ClusterNode[] {
    return this.all.filter(({ link }) => link.upstream !== null);
  }

  /** Connections that another node, asked since, names as those of masters may be trusted. */
  #witness(witness: ClusterNode, shares: Shares, sentAt: Millis): void {
    if (this.#nodes.values().every(({ isWitnessed }) => isWitnessed)) return;
    const isAlone = shares.size === 1;
    for (const node of this.#nodes.values()) {
      if (node.isWitnessed || node.connectedAt > sentAt || !shares.has(node.name)) continue;
      if (node === witness && !isAlone) continue;
      node.isWitnessed = true;
      node.follower.witnessed();
      if (node !== witness) node.view();
    }
  }

  /** Leaves nodes that have owned no slot for a while, unless another node still names them. */
  #adopt(): void {
    const { owners } = this.map;
    let hasChanged = owners !== this.#owners;
    if (!hasChanged && owners.size === this.#nodes.size) return;
    const now = performance.now();
    this.#owners = owners;
    for (const node of this.#nodes.values()) {
      if (owners.has(node) || this.#shares.has(node.name)) {
        this.#idleSince.delete(node);
        continue;
      }
      const since = this.#idleSince.get(node) ?? now;
      this.#idleSince.set(node, since);
      if (now - since < this.kept) continue;
      this.#nodes.delete(node.name);
      this.#idleSince.delete(node);
      node.close();
      hasChanged = true;
    }
    if (!hasChanged) return;
    this.#stir();
    this.onChange();
  }
}
