/**
 * Gives ioredis an empty environment. One of its packages lists all variables when it loads, and the
 * program has no permission for that. Import this module before ioredis.
 *
 * @module
 */
import process from "node:process";

Object.defineProperty(process, "env", { value: {}, configurable: true, writable: true });
