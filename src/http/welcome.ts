/**
 * The page at `/`, for people who open the port in a browser or with curl.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Explains the port and how to read a key. Its keys are examples. */
export const WELCOME = Buffer.from(`This is redis-proxy, a caching proxy in front of Redis.

Over HTTP, a path is a key:         curl http://HOST:PORT/some-key
Redis clients use the same port:    redis-cli -h HOST -p PORT get some-key

Percent-encode special characters in a path: the key "a b?" is /a%20b%3F, the empty key is /?
`);
