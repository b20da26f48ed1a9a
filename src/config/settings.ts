/**
 * Every setting of the program: its flag, its default, its kind and what it is for. The command
 * line, the environment, the help page and the table in docs/configuration.md are all read from here.
 *
 * @module
 */
import { LOG_FORMATS, LOG_LEVELS } from "../core/log.ts";
import { policies, prefixes } from "./policy_values.ts";
import { redisUrl } from "./redis_url.ts";
import {
  bytes,
  file,
  host,
  hosts,
  integer,
  type Kind,
  mediaType,
  oneOf,
  origins,
  seconds,
  text,
} from "./values.ts";

/** One setting; its variable is its flag in capitals, `RP_` in front. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** The default, as a person would type it; null when there is none. */
  readonly fallback: string | null;
  /** What it is for, in a line or two. */
  readonly help: string;
  /** Whether its value must never be shown. */
  readonly secret?: boolean;
  /** Whether it has no flag: what is on the command line, everybody on the machine can read. */
  readonly variableOnly?: boolean;
}

function setting<T>(
  kind: Kind<T>,
  fallback: string,
  help: string,
): Setting<T> & { fallback: string } {
  return { kind, fallback, help };
}

function optional<T>(kind: Kind<T>, help: string, secret = false): Setting<T> & { fallback: null } {
  return { kind, fallback: null, help, secret };
}

function variable<T>(kind: Kind<T>, help: string): Setting<T> & { fallback: null } {
  return { kind, fallback: null, help, secret: true, variableOnly: true };
}

/** The settings by group, then by flag. */
export const GROUPS = {
  "Listening": {
    "listen-address": setting(host, "0.0.0.0", "address to listen on"),
    "port": setting(integer(0, 65535), "8080", "port for HTTP and RESP alike; 0 takes a free one"),
    "max-clients": setting(integer(1), "10000", "clients connected at once"),
    "idle-timeout": setting(
      seconds(0),
      "3600",
      "how long a client may be connected and ask nothing; 0 for ever",
    ),
    "request-timeout": setting(
      seconds(0.01),
      "10",
      "how long a client may take to send a request it began",
    ),
    "write-timeout": setting(
      seconds(0.01),
      "30",
      "how long a client may take none of its reply",
    ),
    "tls-cert": optional(
      file,
      "certificate chain in PEM: HTTPS, and RESP over TLS; SIGHUP reads it again",
    ),
    "tls-key": optional(file, "private key of --tls-cert, in PEM"),
  },
  "Clients": {
    "user": setting(
      text,
      "default",
      "name that clients authenticate as, where there is a password",
    ),
    "password": variable(text, "password that clients have to show, over RESP and HTTP alike"),
    "password-file": optional(
      file,
      "file that contains that password; a line break at its end is ignored; SIGHUP reads it again",
    ),
    "reply-memory": setting(
      bytes(1024 * 1024),
      "64mb",
      "bytes of replies not taken yet, beyond which clients that take nothing are cut off",
    ),
    "max-request": setting(
      bytes(64 * 1024),
      "16mb",
      "bytes of a RESP request kept until it is complete, or of a client's requests read ahead",
    ),
  },
  "Redis": {
    "redis-host": setting(host, "127.0.0.1", "host of the backing Redis"),
    "redis-port": setting(integer(1, 65535), "6379", "port of the backing Redis"),
    "redis-url": optional(
      redisUrl,
      "address, user, password and database of Redis: redis://, rediss:// (TLS) or unix:///path",
      true,
    ),
    "redis-ca": optional(
      file,
      "certificates to trust for rediss://, beside the public ones, in PEM",
    ),
    "redis-cert": optional(file, "certificate chain to show to Redis, in PEM"),
    "redis-key": optional(file, "private key of --redis-cert, in PEM"),
    "redis-server-name": optional(
      host,
      "name that the certificate of Redis must have (and SNI), if not the host",
    ),
    "redis-timeout": setting(
      seconds(0.01),
      "1",
      "how long Redis may take to connect, or stay silent while a read waits",
    ),
    "client-limit": setting(
      integer(1),
      "64",
      "reads in flight at Redis at once; an MGET is one, and so are misses of one moment",
    ),
    "client-queue": setting(integer(0), "10000", "reads that may wait for their turn"),
    "queue-timeout": setting(seconds(0.001), "0.25", "how long a read may wait for its turn"),
    "large-memory": setting(
      bytes(1),
      "256mb",
      "bytes that large values may take while they are read or not taken yet",
    ),
  },
  "Cache": {
    "cache-size": setting(integer(1, 2 ** 24), "10000", "entries kept, least recently used leave"),
    "cache-memory": setting(bytes(1024), "64mb", "bytes kept, overhead of entries included"),
    "cache-timeout": setting(
      seconds(0, 1e9),
      "30",
      "how long a value is answered from the cache at most; up to a tenth less with coherence",
    ),
    "absent-timeout": optional(
      seconds(0, 1e9),
      "the same for a missing key; at most 60 while told of changes, 1 if not, 0 with coherence off",
    ),
    "value-limit": optional(
      bytes(0),
      "largest value kept; 1mb or 1/64 of --cache-memory, whichever is less; all with coherence off",
    ),
    "stale-if-error": setting(
      seconds(0, 1e9),
      "0",
      "how long past its time a value may be answered while Redis gives no answer",
    ),
    "soft-timeout": setting(
      seconds(0),
      "0.05",
      "how long a read waits for Redis where --stale-if-error has a value to answer instead",
    ),
    "policy": optional(
      policies,
      "what differs for some keys, as in session:*=off; config:*=ttl:300,stale:3600",
    ),
  },
  "Coherence": {
    "coherence": setting(
      oneOf(["auto", "required", "off"]),
      "auto",
      "whether Redis is to tell of changes; required keeps nothing if it does not",
    ),
    "tracking": setting(
      oneOf(["default", "bcast"]),
      "default",
      "of what: the keys that were read, or all keys",
    ),
    "tracking-prefix": optional(prefixes, "prefixes of the keys to be told of with bcast"),
    "lease": setting(
      seconds(0.1),
      "3",
      "how far a hit may be behind a change at most when a connection fails unnoticed",
    ),
  },
  "HTTP": {
    "content-type": setting(mediaType, "application/octet-stream", "media type of all values"),
    "http-max-age": setting(
      seconds(0),
      "0",
      "how long browsers and CDNs may keep a value, at most as long as it is fresh here",
    ),
    "cors-origin": optional(origins, "origins whose pages may read values in a browser; * for all"),
    "allowed-hosts": optional(hosts, "the names that requests may have in Host, against rebinding"),
  },
  "Admin": {
    "admin-port": optional(
      integer(0, 65535),
      "port for health, readiness, metrics and explanations; 0 takes a free one; none unless given",
    ),
    "admin-address": setting(host, "127.0.0.1", "address of that port"),
  },
  "Running": {
    "shutdown-timeout": setting(
      seconds(0),
      "10",
      "how long requests in flight may take after SIGTERM or SIGINT",
    ),
    "log-level": setting(oneOf(LOG_LEVELS), "info", "how much is logged"),
    "log-format": setting(oneOf(LOG_FORMATS), "text", "how it is logged"),
  },
} as const;

type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends
  (i: infer I) => void ? I : never;

/** The settings by flag. */
export type Settings = UnionToIntersection<typeof GROUPS[keyof typeof GROUPS]>;

/** The name of a setting's flag, without the dashes. */
export type Flag = keyof Settings;

export const SETTINGS = Object.assign({}, ...Object.values(GROUPS)) as Settings;

export const FLAGS = Object.keys(SETTINGS) as Flag[];

/** The value of a setting: null only where it has no default. */
export type SettingValue<S> = S extends Setting<infer T>
  ? S extends { fallback: string } ? T : T | null
  : never;

/** The value of each setting, by flag. Durations are in milliseconds. */
export type Values = { readonly [F in Flag]: SettingValue<Settings[F]> };

/** The environment variable of a flag. */
export function variableOf(flag: string): string {
  return `RP_${flag.toUpperCase().replaceAll("-", "_")}`;
}
