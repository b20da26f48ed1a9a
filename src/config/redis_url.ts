/**
 * The kind of setting that names Redis by a URL. Source: the IANA registration of the `redis` and
 * `rediss` schemes; redis-py for `unix`.
 *
 * @module
 */
import type { OriginAddress } from "../origin/address.ts";
import type { Kind } from "./kind.ts";
import { SOCKET_PATH_BYTES, socketPathOf } from "./socket_path.ts";

/** The parts of a URL of Redis. */
export interface RedisUrl extends Omit<OriginAddress, "tls"> {
  /** Whether to use TLS. */
  readonly isTls: boolean;
}

/** User and password, path, and the number of the database. */
const UNIX =
  /^(?:redis\+)?unix:(?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?)?(\/[^/?#][^?#]*)(?:\?db=(\d{1,5}))?$/;

/** A URL of Redis over TCP, TLS or a Unix socket. */
export const redisUrl: Kind<RedisUrl> = {
  placeholder: "<url>",
  wanted: "redis://[user:password@]host[:port][/database], rediss:// for TLS, " +
    "or unix:///path/of/socket[?db=database]",
  parse(text) {
    try {
      return /^(redis\+)?unix:/.test(text) ? parseUnix(text) : parseTcp(text);
    } catch {
      return undefined; // A malformed escape.
    }
  },
  wantedFor: (text) =>
    UNIX.test(text)
      ? `a path of at most ${SOCKET_PATH_BYTES} bytes, with valid escapes`
      : redisUrl.wanted,
};

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
  };
}
