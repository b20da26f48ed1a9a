/**
 * URLs of a master behind sentinels. There is no registered scheme. The main form has the name of the
 * master in front of the sentinels. Two other forms are in use: that of Python's libraries, with the
 * name in the path, and that of Lettuce, with the name behind `#`.
 *
 *     redis+sentinel://[user:password@]name@host[:port],host[:port],...[/database]
 *     redis+sentinel://[user:password@]host[:port],...[/name[/database]]
 *     redis-sentinel://[user:password@]host[:port],...[/database]#name
 *
 * @module
 */
import { type HostPort, hostPorts } from "./host_ports.ts";

/** The parts of such a URL. */
export interface SentinelUrl {
  /** The name of the master. */
  readonly master: string;
  /** The sentinels. */
  readonly sentinels: readonly HostPort[];
  /** The user of Redis; null for none. */
  readonly username: string | null;
  /** The password of Redis; null for none. */
  readonly password: string | null;
  /** The number of the database. */
  readonly database: number;
  /** Whether to use TLS, to Redis and to the sentinels. */
  readonly isTls: boolean;
}

/** The main form, for errors. */
export const SENTINEL_WANTED =
  "redis+sentinel://[user:password@]name@host[:port],host[:port],...[/database]";

const SENTINEL_PORT = 26379;

const URL_PARTS = /^redis(s?)[+-]sentinel:\/\/(?:([^/?#]*)@)?([^@/?#]+)(\/[^?#]*)?(?:#(.+))?$/;

/** Whether a text is meant to be one. */
export function isSentinelUrl(text: string): boolean {
  return /^rediss?[+-]sentinel:/.test(text);
}

/**
 * Reads a URL; undefined if it is not one.
 *
 * @throws {URIError} When an escape is malformed.
 */
export function parseSentinelUrl(text: string): SentinelUrl | undefined {
  const parts = URL_PARTS.exec(text);
  if (parts === null) return undefined;
  const [, tls, info = "", hosts, path = "", fragment] = parts;
  const place = /^(?:\/([^/]*[^/\d][^/]*))?(?:\/(\d{1,5})?)?$/.exec(path);
  const sentinels = hostPorts(hosts!, SENTINEL_PORT);
  if (place === null || sentinels === undefined) return undefined;
  const [, inPath, database] = place;
  const at = info.lastIndexOf("@");
  const named = fragment ?? inPath;
  const name = named ?? info.slice(at + 1);
  const login = named === undefined ? info.slice(0, Math.max(at, 0)) : info;
  // A user without a password is one in other URLs too; a name holds no colon.
  if (name === "" || name.includes(":")) return undefined;
  const [user = "", password] = splitOnce(login);
  return {
    master: decodeURIComponent(name),
    sentinels,
    username: decodeURIComponent(user) || null,
    password: decodeURIComponent(password) || null,
    database: Number(database ?? 0),
    isTls: tls === "s",
  };
}

function splitOnce(login: string): [user: string, password: string] {
  const colon = login.indexOf(":");
  return colon < 0 ? [login, ""] : [login.slice(0, colon), login.slice(colon + 1)];
}
