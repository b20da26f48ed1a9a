/**
 * Gives ioredis an empty environment: one of its packages lists all of it when it is loaded, which
 * the program may not do, and nothing there is meant for it. To be imported before ioredis.
 *
 * @module
 */
import process from "node:process";

Object.defineProperty(process, "env", { value: {}, configurable: true, writable: true });
