/**
 * The kind of setting that names Redis by a URL. Source: the IANA registration of the `redis` and
 * `rediss` schemes; redis-py for `unix`; `sentinel_url.ts` for sentinels.
 *
 * @module
 */
import type { OriginAddress } from "../origin/address.ts";
import type { Kind } from "./kind.ts";
import { type HostPort, hostPorts } from "./host_ports.ts";
import { isSentinelUrl, parseSentinelUrl, SENTINEL_WANTED } from "./sentinel_url.ts";
import { SOCKET_PATH_BYTES, socketPathOf } from "./socket_path.ts";

/** The parts of a URL of Redis. */
export interface RedisUrl extends Omit<OriginAddress, "tls"> {
  /** Whether to use TLS. */
  readonly isTls: boolean;
  /** The master's name and its sentinels; null if the URL names Redis itself. */
  readonly sentinel: { readonly master: string; readonly sentinels: readonly HostPort[] } | null;
  /** Nodes of a cluster; null if the URL names one Redis. */
  readonly seeds: readonly HostPort[] | null;
}

/** User and password, path, and the number of the database. */
const UNIX =
  /^(?:redis\+)?unix:(?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?)?(\/[^/?#][^?#]*)(?:\?db=(\d{1,5}))?$/;

/** A URL of Redis over TCP, TLS or a Unix socket, or of a master behind sentinels. */
export const redisUrl: Kind<RedisUrl> = {
  placeholder: "<url>",
  wanted: "redis://[user:password@]host[:port][/database], rediss:// for TLS, " +
    "unix:///path/of/socket[?db=database], or redis+sentinel://",
  parse(text) {
    try {
      if (isSentinelUrl(text)) return parseSentinel(text);
      if (isClusterUrl(text)) return parseCluster(text);
      return /^(redis\+)?unix:/.test(text) ? parseUnix(text) : parseTcp(text);
    } catch {
      return undefined; // A malformed escape.
    }
  },
  wantedFor(text) {
    if (isSentinelUrl(text)) return SENTINEL_WANTED;
    return UNIX.test(text)
      ? `a path of at most ${SOCKET_PATH_BYTES} bytes, with valid escapes`
      : redisUrl.wanted;
  },
};

function parseSentinel(text: string): RedisUrl | undefined {
  const url = parseSentinelUrl(text);
  if (url === undefined) return undefined;
  const { master, sentinels, ...rest } = url;
  const sentinel = { master, sentinels };
  return { ...rest, socket: null, host: "", port: 0, sentinel, seeds: null };
}

/** Whether a URL names a cluster: by its scheme, or by several hosts. */
function isClusterUrl(text: string): boolean {
  return /^rediss?\+cluster:/.test(text) || /^rediss?:\/\/(?:[^/?#]*@)?[^/?#@]*,/.test(text);
}

/** A cluster has database 0 only. */
function parseCluster(text: string): RedisUrl | undefined {
  const parts = /^redis(s?)(?:\+cluster)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]+)(?:\/0?)?$/
    .exec(text);
  if (parts === null) return undefined;
  const [, tls, user, password, hosts] = parts;
  const seeds = hostPorts(hosts!, 6379);
  if (seeds === undefined) return undefined;
  return {
    socket: null,
    host: "",
    port: 0,
    username: decodeURIComponent(user ?? "") || null,
    password: decodeURIComponent(password ?? "") || null,
    database: 0,
    isTls: tls === "s",
    sentinel: null,
    seeds,
  };
}

function parseUnix(text: string): RedisUrl | undefined {
  const parts = UNIX.exec(text);
  if (parts === null) return undefined;
  const [, user, password, path, database] = parts;
  const socket = socketPathOf(path!);
  if (socket === undefined) return undefined;
  return {
    socket,
    host: "",
    port: 0,
    username: decodeURIComponent(user ?? "") || null,
    password: decodeURIComponent(password ?? "") || null,
    database: Number(database ?? 0),
    isTls: false,
    sentinel: null,
    seeds: null,
  };
}

function parseTcp(text: string): RedisUrl | undefined {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
  const isPlain = hostname !== "" && port !== "0" && search === "" && hash === "" &&
    /^(\/\d{0,5})?$/.test(pathname);
  if (!isPlain) return undefined;
  return {
    socket: null,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 6379),
    username: decodeURIComponent(username) || null,
    password: decodeURIComponent(password) || null,
    database: Number(pathname.slice(1)),
    isTls: protocol === "rediss:",
    sentinel: null,
    seeds: null,
  };
}
