/**
 * What the cache reads from, as the rest of the program sees it: one Redis or a cluster.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Identity } from "../origin/greeting.ts";
import type { Link } from "../origin/link.ts";
import { failureOf, type Loss } from "../origin/loss.ts";
import type { RedisOrigin } from "../origin/mod.ts";
import type { Replicas } from "../topology/replicas/mod.ts";
import type { ClusterOrigin } from "../topology/cluster/mod.ts";

/** How long a large value may wait for memory before it is read. */
export const LARGE_PATIENCE: Millis = 10_000;

export interface Backing {
  /** What the log calls it. */
  readonly name: string;
  readonly isUp: boolean;
  /** The state of the connection: up, or why it is not. */
  readonly state: "up" | Loss["reason"];
  /** The reason why Redis is not connected. */
  readonly loss: Loss;
  /** The same, with advice on how to fix it; empty while Redis is connected. */
  readonly problem: string;
  /** The version of Redis; null until it is known. */
  readonly version: string | null;
  /** Waits briefly for a connection. Resolves to null if none opens. */
  up(): Promise<unknown>;
  /** Connects, and stays so until `close`. */
  open(): void;
  close(): void;
  /** Whether an optional read would delay no other one. */
  hasRoom(): boolean;
  /** Resolves to true once all earlier changes are known, or to false if that fails. */
  fence(): Promise<boolean>;
  /** Resolves to true once all earlier swaps of databases are known, or to false if that fails. */
  swapsKnown(): Promise<boolean>;
  /** Authenticates all connections again. */
  authenticate(identity: Identity): Promise<void>;
}

/** What a backing does, apart from telling its state. */
type Deeds = Pick<
  Backing,
  "open" | "close" | "hasRoom" | "fence" | "swapsKnown" | "authenticate"
>;

export function singleBacking(origin: RedisOrigin): Backing {
  const { link } = origin;
  return linkBacking(link, {
    open: () => link.open(),
    close: () => origin.close(),
    hasRoom: () => origin.hasRoom(),
    fence: () => link.fence(),
    swapsKnown: () => link.swapsKnown(),
    authenticate: (identity) => origin.authenticate(identity),
  });
}

/** Without its master, a replica is read only for a while: the state is that of the master. */
export function replicaBacking(replicas: Replicas): Backing {
  return linkBacking(replicas.master.link, {
    open: () => replicas.open(),
    close: () => replicas.close(),
    hasRoom: () => replicas.reads.hasRoom(),
    fence: () => replicas.prove(),
    swapsKnown: () => replicas.link.swapsKnown(),
    authenticate: (identity) => replicas.authenticate(identity),
  });
}

function linkBacking(link: Link, deeds: Deeds): Backing {
  return {
    name: link.location.name,
    get isUp() {
      return link.upstream !== null;
    },
    get state() {
      return link.state;
    },
    get loss() {
      return link.loss;
    },
    get problem() {
      return link.upstream === null ? said(link.loss) : "";
    },
    get version() {
      return link.version;
    },
    up: () => link.up(),
    ...deeds,
  };
}

export function clusterBacking(cluster: ClusterOrigin): Backing {
  return {
    name: cluster.name,
    get isUp() {
      return cluster.isUp;
    },
    get state() {
      return cluster.isUp ? "up" : cluster.loss.reason;
    },
    get loss() {
      return cluster.loss;
    },
    get problem() {
      return cluster.isUp ? "" : said(cluster.loss);
    },
    get version() {
      return cluster.version;
    },
    up: () => cluster.find().catch(() => null),
    open: () => cluster.open(),
    close: () => cluster.close(),
    hasRoom: () => cluster.hasRoom(),
    fence: () => cluster.fence(),
    // A cluster has one database.
    swapsKnown: () => Promise.resolve(true),
    authenticate: (identity) => cluster.authenticate(identity),
  };
}

function said(loss: Loss): string {
  const { message } = failureOf(loss);
  const { reason, message: why, advice = "" } = loss;
  if (reason === "timeout") return `${message}: ${why}`;
  return advice === "" ? message : `${message} (${advice})`;
}
