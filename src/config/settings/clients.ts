/**
 * The settings of the port, and of the clients on it.
 *
 * @module
 */
import { listenAddresses } from "../listen_addresses.ts";
import { bytes, duration, integer, mode } from "../quantities.ts";
import { optional, setting, variable } from "../setting.ts";
import { file, oneOf, text, yesOrNo } from "../texts.ts";

export const LISTENING = {
  "listen-address": setting(
    listenAddresses,
    "0.0.0.0",
    "comma-separated addresses to listen on; unix:///path is a Unix socket",
  ),
  "socket-mode": setting(mode, "700", "permissions of Unix sockets in --listen-address, in octal"),
  "port": setting(integer(0, 65535), "8080", "port for HTTP and RESP; 0 picks a free one"),
  "max-clients": setting(integer(1), "10000", "maximum number of connected clients"),
  "idle-timeout": setting(
    duration("0"),
    "1h",
    "disconnect a client that sends nothing for this long; 0 means never",
  ),
  "request-timeout": setting(
    duration("10ms"),
    "10s",
    "disconnect a client that takes longer than this to send one request",
  ),
  "write-timeout": setting(
    duration("10ms"),
    "30s",
    "disconnect a client that reads none of its reply for this long",
  ),
  "reuse-port": setting(
    yesOrNo,
    "no",
    "share the port with other processes of the same user, for upgrades without a gap (Linux)",
  ),
  "proxy-protocol": setting(
    oneOf(["off", "require"]),
    "off",
    "whether connections must begin with a load balancer's PROXY protocol header, v1 or v2",
  ),
  "tls-cert": optional(
    file,
    "certificate chain (PEM): serve HTTPS, and RESP over TLS; SIGHUP reloads it",
  ),
  "tls-key": optional(file, "private key of --tls-cert (PEM)"),
};

export const CLIENTS = {
  "user": setting(text, "default", "user name for clients, if there is a password"),
  "password": variable(text, "password that clients must give, over RESP and HTTP"),
  "password-file": optional(
    file,
    "file with that password; a newline at its end is ignored; SIGHUP reloads it",
  ),
  "resp-freshness": optional(
    oneOf(["cached", "causal", "fenced", "forced", "stale"]),
    "freshness of RESP clients' reads; default: stale with --stale-if-error, else cached",
  ),
  "reply-memory": setting(
    bytes(1024 * 1024),
    "64mb",
    "memory for unread replies; beyond it, clients that read nothing are disconnected",
  ),
  "max-request": setting(
    bytes(64 * 1024),
    "16mb",
    "largest RESP request that does not pass to Redis, and most bytes read ahead per client",
  ),
};
