/**
 * The way to Redis: what leads to one Redis, or to a cluster. It is replaced as a whole when the
 * Redis that the settings name turns out to be a node of a cluster. Clients stay connected.
 *
 * @module
 */
import type { Table } from "../cache/table.ts";
import type { Config } from "../config/mod.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import type { Millis } from "../core/types.ts";
import type { ChangeLog } from "../lanes/changes.ts";
import type { Elsewhere } from "../origin/byte_budget.ts";
import { findCluster } from "../topology/cluster/discovery.ts";
import { nameOf, type Place } from "../topology/cluster/slots_reply.ts";
import { type DataPath, makeDataPath, sharedParts } from "./data_path.ts";
import { Databases } from "./databases.ts";
import { followMaster } from "./follow_master.ts";
import { makeLanes } from "./lanes.ts";
import { close, type Way } from "./way.ts";

export type { Way } from "./way.ts";

/** How long until a node that did not tell its cluster is asked again. */
const AGAIN: Millis = 10_000;

/** How long to wait at the start for the first connection, which shows whether Redis is a cluster. */
const FIRST: Millis = 500;

/** How often to look whether all nodes of a cluster are connected. */
const LOOK: Millis = 10;

/** What all ways share. */
export interface WayParts {
  readonly stats: Stats;
  /** The memory of unread replies. */
  readonly replies: Elsewhere;
  readonly maxPrivate: number;
  readonly log: Log;
}

export class Ways {
  /** Called with the way that has replaced another one. */
  onChange: (way: Way) => void = () => {};
  /** The other databases of the same Redis. */
  readonly databases: Databases;
  /** The present way, and those to other databases. A list, because each write goes through it. */
  all: readonly Way[];
  #now: Way;
  #looking: Promise<void> | null = null;
  #isClosed = false;

  constructor(config: Config, readonly parts: WayParts) {
    this.#now = this.#make(config);
    this.all = [this.#now];
    this.databases = new Databases(() => this.#now, (config) => this.#make(config, this.#now));
    this.databases.onChange = (others) => this.all = [this.#now, ...others];
  }

  /** The present way. */
  get now(): Way {
    return this.#now;
  }

  /** The tables of all databases. */
  get tables(): Table[] {
    return this.all.map(({ data }) => data.table);
  }

  /** Connects to Redis. */
  open(): void {
    const way = this.#now;
    const { data: { link, backing }, config: { values } } = way;
    followMaster(way.data, way.lanes);
    if (link !== null && values["redis-cluster"] === "auto") {
      link.onClusterNode = () => this.#looking ??= this.#look(way);
    }
    backing.open();
  }

  /** Resolves when it is known whether Redis is a cluster, or soon if Redis does not say so at once. */
  async known(): Promise<void> {
    const { data: { link }, config: { values } } = this.#now;
    if (link === null || values["redis-cluster"] === "off") return;
    await Promise.race([link.up(), sleep(FIRST)]);
    await this.#looking;
  }

  close(): void {
    this.#isClosed = true;
    this.databases.close();
    close(this.#now);
    this.#now.data.permits.close();
  }

  /** @param other A way that it replaces or joins. */
  #make(config: Config, other: Way | null = null): Way {
    const { stats, replies, maxPrivate, log } = this.parts;
    const shared = other?.data ?? sharedParts(config, replies);
    const data = makeDataPath(config, shared, stats, log);
    const changes = changeLog(() => this.all);
    const lanes = makeLanes(config, data, maxPrivate, changes, stats, log, other?.lanes);
    return { config, data, lanes };
  }

  /** The Redis of this way is a node of a cluster: looks for the others. */
  async #look(way: Way): Promise<void> {
    try {
      const { address } = way.data.link!.upstream!;
      const masters = await findCluster(address, way.config.values["redis-timeout"]);
      if (this.#isClosed) return;
      await this.#enter(way, masters);
    } catch (error) {
      const advice = "Name it as redis+cluster://..., or use --redis-cluster off";
      const why = (error as Error).message;
      const event = "This Redis is one node of a cluster, which cannot be used: " +
        "other nodes' keys get MOVED";
      this.parts.log.warn(event, { why, advice });
      const timer = setTimeout(() => {
        if (way.data.link?.upstream && !this.#isClosed) this.#looking ??= this.#look(way);
      }, AGAIN);
      Deno.unrefTimer(timer);
    } finally {
      this.#looking = null;
    }
  }

  /** Takes the way to a cluster, once its nodes are connected. */
  async #enter(old: Way, seeds: readonly Place[]): Promise<void> {
    const origin = { ...old.config.origin, socket: null, host: "", port: 0 };
    const way = this.#make({ ...old.config, origin, cluster: { seeds } }, old);
    const timeout = old.config.values["redis-timeout"];
    const end = performance.now() + timeout;
    way.data.backing.open();
    while (!way.data.backing.isUp && performance.now() < end) await sleep(LOOK);
    if (this.#isClosed) return close(way);
    // A cluster has one database.
    this.databases.close();
    this.#now = way;
    this.all = [way];
    this.onChange(way);
    old.lanes?.retire();
    // Requests in flight may end.
    Deno.unrefTimer(setTimeout(() => close(old), timeout));
    const advice = "--redis-cluster off would use the named node alone";
    const masters = seeds.map(nameOf).join(",");
    this.parts.log.info("Redis is a cluster: the proxy uses all of its nodes", { masters, advice });
  }
}

/**
 * The changes that the lanes report to the cache. A command may change any database: MOVE and COPY
 * name another one, and scripts can select one.
 */
function changeLog(ways: () => readonly Way[]): ChangeLog {
  return {
    invalidate(key) {
      for (const { data: { table, writes } } of ways()) {
        table.invalidate(key);
        writes?.wrote(key);
      }
    },
    flush() {
      for (const { data } of ways()) forgetAll(data);
    },
    async fence(withSwaps) {
      await Promise.all(ways().map(({ data }) => passFence(data, withSwaps)));
      return true;
    },
  };
}

/** Waits until all changes of a database are known. If that fails, any of its entries may be old. */
async function passFence(path: DataPath, withSwaps: boolean): Promise<void> {
  const { table, backing } = path;
  // A fence cannot wait for changes that Redis does not report.
  const isPassed = table.coversAll && await backing.fence() &&
    (!withSwaps || await backing.swapsKnown());
  if (!isPassed) forgetAll(path);
}

/** Any key of a database may have changed. */
function forgetAll({ table, writes }: DataPath): void {
  table.flush();
  writes?.wroteAll();
}

function sleep(duration: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}
