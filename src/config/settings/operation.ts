/**
 * The settings of HTTP, of the admin port, and of the process.
 *
 * @module
 */
import { LOG_FORMATS, LOG_LEVELS } from "../../core/log.ts";
import { host, hosts, origins } from "../hosts.ts";
import { keyPatterns } from "../policy_values.ts";
import { duration, integer } from "../quantities.ts";
import { optional, setting } from "../setting.ts";
import { file, mediaType, oneOf } from "../texts.ts";

export const HTTP = {
  "content-type": setting(mediaType, "application/octet-stream", "media type of all values"),
  "http-max-age": setting(
    duration("0"),
    "0",
    "how long browsers and CDNs may cache a value, but never longer than it is fresh here",
  ),
  "http-keys": optional(
    keyPatterns,
    "the only keys that HTTP may read, such as public:*,robots.txt; default: all",
  ),
  "http-no-cache": setting(
    oneOf(["anyone", "authenticated", "nobody"]),
    "anyone",
    "who may force a read of Redis with no-cache, no-store, max-age or min-fresh",
  ),
  "cors-origin": optional(origins, "web origins whose pages may read values; * for all"),
  "allowed-hosts": optional(
    hosts,
    "host names to accept in the Host field, against DNS rebinding",
  ),
};

export const ADMIN = {
  "admin-port": optional(
    integer(0, 65535),
    "port for health, readiness, metrics and explanations; 0 picks a free one; default: none",
  ),
  "admin-address": setting(host("admin-port"), "127.0.0.1", "address of the admin port"),
};

export const RUNNING = {
  "drain-delay": setting(
    duration("0"),
    "0",
    "how long to keep serving after SIGTERM or SIGINT, while /readyz answers 503",
  ),
  "shutdown-timeout": setting(
    duration("0"),
    "10s",
    "how long requests in flight may still take after SIGTERM or SIGINT",
  ),
  "log-level": setting(oneOf(LOG_LEVELS), "info", "lowest level to log"),
  "access-log": optional(
    file,
    "file for a line of JSON per request, with hashed keys; stdout means standard output",
  ),
  "warm-file": optional(
    file,
    "file for the names of cached keys: saved when the proxy stops, read again when it starts",
  ),
  "slow-log": optional(duration("0"), "log each request that takes longer than this"),
  "log-format": setting(oneOf(LOG_FORMATS), "text", "format of the log"),
};
