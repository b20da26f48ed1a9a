/**
 * Builds the program: creates the objects, connects them, and starts and stops them in order.
 *
 * @module
 */
import { whyNotReady } from "../admin/mod.ts";
import { ADMIN_CLIENTS, ADMIN_REFUSALS, openAdmin } from "./admin_server.ts";
import { linkOptions, makeTable, mayRefresh, respFreshness, servableUntil } from "./defaults.ts";
import { clientsThatFit, REFUSALS } from "./descriptors.ts";
import { Backlog } from "../server/reply_backlog.ts";
import { ByteBudget } from "../origin/byte_budget.ts";
import { follow } from "../cache/follow.ts";
import { SoftWait } from "../cache/soft_wait.ts";
import {
  type Config,
  displayAddress,
  readPassword,
  readTlsFiles,
  type Values,
} from "../config/mod.ts";
import { warnOfExposure } from "./exposure.ts";
import { factsOf, redisVersionOf } from "./status.ts";
import { Http, HttpSite } from "../http/mod.ts";
import { KeySet } from "../core/key_pattern.ts";
import { listen, portOf, renew } from "./listener.ts";
import { makeLanes, mayPass, originCredentialsOf } from "./lanes.ts";
import type { Log } from "../core/log.ts";
import { display, Link } from "../origin/link.ts";
import { RedisOrigin } from "../origin/mod.ts";
import type { Millis } from "../core/types.ts";
import { ReadThrough } from "../cache/read_through.ts";
import { Resp, RESP_LIMITS, type RespContext } from "../resp/mod.ts";
import { Reloader } from "./reload.ts";
import { shutDown } from "./shutdown.ts";
import { Semaphore } from "../origin/semaphore.ts";
import { Entrance } from "../server/arrival.ts";
import { Server } from "../server/server.ts";
import type { Service } from "../server/service.ts";
import { Stalls } from "../server/slow_clients.ts";
import { Stats } from "../core/stats.ts";
import { openFiles, openFilesLimit } from "../system/open_files.ts";

/** How long a large value may wait for memory before it is read. */
const LARGE_PATIENCE: Millis = 10_000;

/** A running proxy. */
export interface Proxy {
  /** Connected clients. */
  readonly clients: number;
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
 * @throws {ConfigError} If it cannot listen on an address.
 */
export function startProxy(config: Config, version: string, log: Log): Proxy {
  const { values, origin: address } = config;
  const listener = listen(values);
  const stats = new Stats();
  const table = makeTable(values, stats);
  const link = new Link(address, linkOptions(values), follow(table, stats), log);
  const permits = new Semaphore({
    permits: values["client-limit"],
    waiters: values["client-queue"],
    patience: values["queue-timeout"],
  });
  const backlog = new Backlog(values["reply-memory"]);
  const budget = new ByteBudget(
    values["large-memory"],
    LARGE_PATIENCE,
    () => backlog.bytes,
  );
  backlog.onRelease = () => budget.admit();
  const origin = new RedisOrigin(link, permits, budget, stats, log);
  const cache = new ReadThrough(
    origin,
    table,
    stats,
    () => performance.now(),
    new SoftWait(values["soft-timeout"]),
  );
  const lanes = makeLanes(values, address, {
    invalidate: (key) => table.invalidate(key),
    flush: () => table.flush(),
    fence: () => origin.fence(),
  });
  const http = new HttpSite({
    contentType: values["content-type"],
    maxAge: values["http-max-age"],
    corsOrigins: values["cors-origin"],
    allowedHosts: values["allowed-hosts"],
    keys: values["http-keys"] === null ? null : new KeySet(values["http-keys"]),
    mayRefresh: mayRefresh(config),
    credentials: config.credentials,
  });
  const facts = () => factsOf({ config, version, stats, origin, cache, server });
  const resp: RespContext = {
    credentials: config.credentials,
    lanes,
    originCredentials: originCredentialsOf(address),
    mayPass: (peer) => mayPass(config, peer),
    database: address.database,
    freshness: respFreshness(values, table.policies),
    limits: { ...RESP_LIMITS, requestBytes: values["max-request"] },
    log,
    redisVersion: () => redisVersionOf(link),
    facts,
  };
  const service: Service = {
    lookup: cache,
    stats,
    backlog,
    stalls: new Stalls(backlog, values["max-request"]),
    entrance: new Entrance(
      values["proxy-protocol"] === "require",
      (name, peer) => name === "http" ? new Http(http) : new Resp(resp, peer),
      log,
    ),
  };
  const server: Server = new Server(listener, service, {
    maxClients: countClients(values, log),
    maxRefusals: REFUSALS,
    patience: {
      idle: values["idle-timeout"] || Infinity,
      partial: values["request-timeout"],
      answering: Infinity,
      writing: values["write-timeout"],
      lingering: 1000,
    },
  }, log);
  let isStopping = false;
  const admin = openAdmin(
    values,
    config.credentials,
    {
      facts,
      explain: (key) => cache.explain(key, performance.now()),
      whyNotReady: () =>
        whyNotReady({
          ...facts(),
          isStopping,
          isCoherenceRequired: values.coherence === "required",
          mayServeCached: performance.now() < servableUntil(table, resp.freshness),
        }),
    },
    service,
    log,
  );
  link.open();
  const port = portOf(listener);
  log.info("Listening", {
    version,
    deno: Deno.version.deno,
    address: values["listen-address"].map(displayAddress).join(","),
    ...(port === 0 ? {} : { port }),
    redis: display(address),
    "cache-size": values["cache-size"],
    "cache-memory": values["cache-memory"],
    coherence: values.coherence,
  });
  warnOfExposure(config, log);
  const reloader = new Reloader([
    {
      name: "certificate",
      reload: values["tls-cert"] === null ? null : () => server.relisten(renew(values, port)),
    },
    { name: "password-file", reload: passwordReload(config) },
    { name: "redis-tls", reload: originTlsReload(config) },
  ], log);
  return {
    get clients() {
      return server.clients;
    },
    get isStopping() {
      return isStopping;
    },
    reload: () => reloader.reload(),
    async stop() {
      isStopping = true;
      const ports = [listener, ...(admin === null ? [] : [admin.listener])].map(portOf);
      await shutDown(server, values["reuse-port"] ? ports.filter((one) => one !== 0) : [], {
        delay: values["drain-delay"],
        grace: values["shutdown-timeout"],
      }, log);
      origin.close();
      lanes?.close();
      permits.close();
      await admin?.stop(0);
    },
  };
}

/** Returns a function that reloads the password; null if it is not in a file. */
function passwordReload({ values, credentials }: Config): (() => void) | null {
  const path = values["password-file"];
  if (path === null) return null;
  return () => credentials.change(readPassword("--password-file", path, Deno.readTextFileSync));
}

/** Returns a function that reloads the files for TLS to Redis; null if there are none. */
function originTlsReload({ values, origin: { tls } }: Config): (() => void) | null {
  if (tls === null || (tls.authorities === null && tls.identity === null)) return null;
  return () => {
    Object.assign(tls, readTlsFiles(values, (flag) => `--${flag}`, Deno.readTextFileSync));
  };
}

/** Returns the limit of connected clients, and logs it if it is lower than the settings allow. */
function countClients(values: Values, log: Log): number {
  const wanted = values["max-clients"];
  const limit = openFilesLimit();
  const admin = values["admin-port"] === null ? 0 : 1 + ADMIN_CLIENTS + ADMIN_REFUSALS;
  const clients = clientsThatFit(wanted, { limit, inUse: openFiles(), admin });
  if (clients < wanted) {
    log.warn("The limit on open files allows fewer clients than --max-clients", {
      clients,
      "max-clients": wanted,
      "open-files": limit!,
    });
  }
  return clients;
}
