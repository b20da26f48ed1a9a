/**
 * The entrance of clients: the two protocols on the port, with their settings.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import type { Facts } from "../core/facts.ts";
import { KeySet } from "../core/key_pattern.ts";
import type { Log } from "../core/log.ts";
import { Http, HttpContext, type HttpOptions } from "../http/mod.ts";
import { Failure } from "../core/types.ts";
import { allowsHere, Resp, RESP_LIMITS, type RespContext, whyForbidden } from "../resp/mod.ts";
import type { RequestObserver } from "../server/observer.ts";
import { Entrance } from "../server/arrival.ts";
import { mayRefresh, respFreshness } from "./defaults.ts";
import { filterOf, mayPass, refusalsTo } from "./lanes.ts";
import { purgeOf } from "./purge.ts";
import { redisVersionOf } from "./status.ts";
import type { Way, Ways } from "./ways.ts";

/**
 * @param ways The present way is for all clients that have selected no other database.
 * @param facts Returns the figures for INFO and similar commands.
 * @param observer Watches all requests; null for nobody.
 * @returns The entrance, and a function that has clients take another way instead.
 */
export function makeEntrance(
  ways: Ways,
  facts: () => Facts,
  observer: RequestObserver | null,
  log: Log,
): { readonly entrance: Entrance; readonly renew: (way: Way) => void } {
  const { config, data: { cache: { stats } } } = ways.now;
  const onRefused = refusalsTo(log, stats);
  const http = new HttpContext(httpOptions(config, onRefused), stats, observer);
  const purge = purgeOf(() => ways.tables, log);
  const contexts = new Map<Way, RespContext>();
  const enter = async (database: number) => {
    const way = await ways.databases.enter(database);
    return way === null || way instanceof Failure ? way : contexts.get(way) ?? contextOf(way);
  };
  const contextOf = (way: Way): RespContext => {
    const context = { ...respContext(way, facts, log), purge, observer, onRefused, enter };
    contexts.set(way, context);
    return context;
  };
  const resp = contextOf(ways.now);
  const entrance = new Entrance(
    config.values["proxy-protocol"] === "require",
    (name, peer) => name === "http" ? new Http(http, peer) : new Resp(resp, peer),
    log,
  );
  const renew = (way: Way) => {
    contexts.clear();
    contexts.set(way, Object.assign(resp, respContext(way, facts, log)));
  };
  return { entrance, renew };
}

function httpOptions(config: Config, onRefused: RespContext["onRefused"]): HttpOptions {
  const { values, credentials } = config;
  const keys = values["http-keys"];
  const mayGet = allowsHere(filterOf(values), "get");
  return {
    contentType: values["content-type"],
    maxAge: values["http-max-age"],
    corsOrigins: values["cors-origin"],
    allowedHosts: values["allowed-hosts"],
    keys: keys === null ? null : new KeySet(keys),
    ban: mayGet ? null : { why: whyForbidden("get"), onRefused: () => onRefused("get") },
    mayRefresh: mayRefresh(config),
    credentials,
  };
}

function respContext(
  { config, data, lanes }: Way,
  facts: () => Facts,
  log: Log,
): Omit<RespContext, "purge" | "observer" | "onRefused" | "enter"> {
  const { values, credentials, origin } = config;
  const filter = lanes?.options.filter ?? filterOf(values);
  const limits = { ...RESP_LIMITS, requestBytes: values["max-request"] };
  if (lanes !== null) lanes.options.onLongest = (bytes) => limits.bulkBytes = bytes;
  return {
    filter,
    lookup: data.cache,
    mayGet: allowsHere(filter, "get"),
    credentials,
    stats: data.cache.stats,
    insight: data.insight,
    lanes,
    originCredentials: data.credentials,
    mayPass: (peer) => mayPass(config, peer),
    database: origin.database,
    seen: seenAs(config),
    readsReplicas: data.writes !== null,
    announce: values["cluster-announce"],
    freshness: respFreshness(values, data.table.policies),
    limits,
    log,
    redisVersion: () => redisVersionOf(data.backing),
    facts,
  };
}

/** What clients see: a cluster, or one Redis although there is a cluster; null: as Redis is. */
function seenAs({ values, cluster }: Config): RespContext["seen"] {
  if (values["cluster-mode"] === "emulate") return "cluster";
  return cluster === null ? null : "standalone";
}
