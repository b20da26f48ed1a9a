/**
 * The settings of the connections to Redis.
 *
 * @module
 */
import { host, serverName } from "../hosts.ts";
import { bytes, duration, integer } from "../quantities.ts";
import { redisUrl } from "../redis_url.ts";
import { optional, setting, variable } from "../setting.ts";
import { file, oneOf, text } from "../texts.ts";

export const REDIS = {
  "redis-host": setting(host("redis-port"), "127.0.0.1", "host of Redis"),
  "redis-port": setting(integer(1, 65535), "6379", "port of Redis"),
  "redis-url": optional(
    redisUrl,
    "address of Redis: redis://, rediss:// (TLS), unix:///path or redis+sentinel://",
    true,
  ),
  "redis-cluster": setting(
    oneOf(["auto", "off"]),
    "auto",
    "if Redis turns out to be a node of a cluster: use all nodes (auto), or it alone (off)",
  ),
  "read-from": setting(
    oneOf(["master", "replica", "nearest"]),
    "master",
    "where to read keys: master, replica or nearest (shortest round trip), per master",
  ),
  "redis-password-file": optional(
    file,
    "file with the password of Redis; read again when it changes, and on SIGHUP",
  ),
  "sentinel-user": optional(text, "user of the sentinels, if they ask for one"),
  "sentinel-password": variable(text, "password of the sentinels; that of Redis is in --redis-url"),
  "sentinel-password-file": optional(
    file,
    "file with that password; a newline at its end does not count",
  ),
  "redis-ca": optional(
    file,
    "certificate authorities to trust in addition to the public ones (PEM); SIGHUP reloads it",
  ),
  "redis-cert": optional(
    file,
    "client certificate chain, if Redis asks for one (PEM); SIGHUP reloads it",
  ),
  "redis-key": optional(file, "private key of --redis-cert (PEM)"),
  "redis-server-name": optional(
    serverName,
    "name in the certificate of Redis (and for SNI), if it is not the host",
  ),
  "redis-timeout": setting(
    duration("10ms"),
    "1s",
    "how long Redis may take to accept a connection, or stay silent during a read",
  ),
  "client-limit": setting(
    integer(1),
    "64",
    "maximum number of concurrent reads from Redis; an MGET or a batch of misses counts as one",
  ),
  "client-queue": setting(
    integer(0),
    "10000",
    "maximum number of reads that wait for their turn",
  ),
  "queue-timeout": setting(duration("1ms"), "250ms", "how long a read may wait for its turn"),
  "large-memory": setting(
    bytes(1),
    "256mb",
    "memory for large values while they are read from Redis and sent to clients",
  ),
};
