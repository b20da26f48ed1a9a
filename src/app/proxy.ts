/**
 * Builds the program layer by layer, and starts and stops it in order.
 *
 * @module
 */
import { type AdminSources, whyNotReady } from "../admin/mod.ts";
import { type Config, displayAddress } from "../config/mod.ts";
import type { Facts } from "../core/facts.ts";
import type { Log } from "../core/log.ts";
import { Stats } from "../core/stats.ts";
import type { Key } from "../core/types.ts";
import { Ledger } from "../server/ledger.ts";
import { Server } from "../server/server.ts";
import { SlowClients } from "../server/slow_clients.ts";
import { openAdmin } from "./admin_server.ts";
import { respFreshness, servableUntil } from "./defaults.ts";
import { makeEntrance } from "./entrance.ts";
import { warnOfExposure } from "./exposure.ts";
import { listen, portOf } from "./listener.ts";
import { LoopLag } from "./loop_lag.ts";
import { machineWatch } from "./machine.ts";
import type { LineTarget } from "../insight/line_file.ts";
import { makeRedisPassword } from "./redis_password.ts";
import { makeRequestLog } from "./request_log.ts";
import { purgeOf } from "./purge.ts";
import { Reloader } from "./reload.ts";
import { reloadableParts } from "./reloadable.ts";
import { saveKeys, type Warmed, WarmUp } from "./warm_up.ts";
import { countConnections, serverOptions } from "./server_options.ts";
import { shutDown } from "./shutdown.ts";
import { factsOf } from "./status.ts";
import { type Way, Ways } from "./ways.ts";

/** Files that were opened while that was allowed. */
export interface Files {
  /** Takes the access log; null for none. */
  readonly accessLog?: LineTarget | null;
  /** The names of cached keys; null for none. */
  readonly warmFile?: KeyFile | null;
}

/** A file with the names of cached keys. */
export interface KeyFile {
  /** The saved keys. */
  load(): Key[];
  /** Saves keys, and returns how many. */
  save(keys: Iterable<Key>): number;
}

export type { LineTarget } from "../insight/line_file.ts";

/** A running proxy. */
export interface Proxy {
  /** The TCP port; 0 if there is none. */
  readonly port: number;
  /** Connected clients. */
  readonly clients: number;
  /** Whether Redis announces changes: off, tracked, untracked or down. */
  readonly coherence: string;
  /** Whether `stop` was called. */
  readonly isStopping: boolean;
  /** Reloads the files that may change while it runs, and logs which ones it reloaded. */
  reload(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

/**
 * Starts to serve.
 *
 * @param files The files that were opened while that was allowed.
 * @throws {ConfigError} If it cannot listen on an address.
 */
export function startProxy(
  config: Config,
  version: string,
  log: Log,
  { accessLog = null, warmFile = null }: Files = {},
): Proxy {
  const { values } = config;
  const listener = listen(values);
  const { clients: maxClients, upstreams } = countConnections(values, log);
  const stats = new Stats();
  const ledger = new Ledger(values["reply-memory"]);
  const ways = new Ways(config, { stats, replies: ledger, maxPrivate: upstreams, log });
  const port = portOf(listener);
  const facts = () => factsOf({ ...ways.now, all: ways.all, version, stats, maxClients, port });
  const requests = makeRequestLog(values, accessLog, stats, log);
  const { entrance, renew } = makeEntrance(ways, facts, requests, log);
  const service = {
    lookup: ways.now.data.cache,
    stats,
    slow: new SlowClients(ledger, values["max-request"]),
    entrance,
  };
  const server = new Server(
    listener,
    service,
    serverOptions(values, maxClients),
    log,
    () => ways.known(),
  );
  ways.onChange = (way) => {
    service.lookup = way.data.cache;
    renew(way);
  };
  const warmUp = new WarmUp(warmFile?.load() ?? [], warmed(ways), () => {
    const { backing, table } = ways.now.data;
    return backing.hasRoom() && table.channel.isKeeping;
  }, log);
  const state = { isStopping: false, warmUp };
  const lag = new LoopLag();
  const ticking = setInterval(() => {
    for (const { data } of ways.all) data.insight.tick();
  }, 1000);
  Deno.unrefTimer(ticking);
  const sources = {
    ...adminSources(ways, facts, state),
    get insight() {
      return ways.now.data.insight;
    },
    machine: machineWatch(lag),
    purge: purgeOf(() => ways.tables, log),
  };
  const admin = openAdmin(values, config.credentials, sources, service.lookup, log);
  announce(ways.now, version, port, log);
  ways.open();
  const redisPassword = makeRedisPassword(ways, log);
  redisPassword?.start();
  const reloader = new Reloader(reloadableParts(config, server, redisPassword), log);
  return {
    port,
    get clients() {
      return server.clients;
    },
    get coherence() {
      return ways.now.data.table.channel.state;
    },
    get isStopping() {
      return state.isStopping;
    },
    reload: () => reloader.reload(),
    async stop() {
      state.isStopping = true;
      warmUp.stop();
      saveKeys(warmFile, ways.now.data, log);
      await shutDown(server, sharedPorts(config, [server, admin]), {
        delay: values["drain-delay"],
        grace: values["shutdown-timeout"],
      }, log);
      redisPassword?.stop();
      ways.close();
      await admin?.stop(0);
      lag.stop();
      clearInterval(ticking);
      await requests?.options.file?.flush();
    },
  };
}

/** The cache of the present way. */
function warmed(ways: Ways): Warmed {
  return {
    get flights() {
      return ways.now.data.cache.flights;
    },
    warm: (key) => ways.now.data.cache.warm(key),
  };
}

function adminSources(
  ways: Ways,
  facts: () => Facts,
  state: { readonly isStopping: boolean; readonly warmUp: WarmUp },
): Omit<AdminSources, "insight" | "machine" | "purge"> {
  const { config: { values }, data: { table: { policies } } } = ways.now;
  const freshness = respFreshness(values, policies);
  return {
    facts,
    explain: (key) => ways.now.data.cache.explain(key, performance.now()),
    whyNotReady: () =>
      state.warmUp.whyNotReady ?? whyNotReady({
        ...facts(),
        isStopping: state.isStopping,
        isCoherenceRequired: values.coherence === "required",
        mayServeCached: performance.now() < servableUntil(ways.now.data.table, freshness),
      }),
  };
}

function announce({ config, data }: Way, version: string, port: number, log: Log): void {
  const { values } = config;
  log.info("Listening", {
    version,
    deno: Deno.version.deno,
    address: values["listen-address"].map(displayAddress).join(","),
    ...(port === 0 ? {} : { port }),
    redis: data.backing.name,
    "cache-size": values["cache-size"],
    "cache-memory": values["cache-memory"],
    coherence: values.coherence,
  });
  warnOfExposure(config, log);
}

/** Returns the TCP ports that another process may listen on too. */
function sharedPorts({ values }: Config, servers: (Server | null)[]): number[] {
  if (!values["reuse-port"]) return [];
  return servers.flatMap((server) => server === null ? [] : portOf(server.listener) || []);
}
