/**
 * ioredis, as a module that can be loaded later than the rest: it is most of what is to be loaded.
 *
 * @module
 */
import "./environment.ts";
export { Redis } from "ioredis";
export { ConnStream } from "./conn_stream.ts";
