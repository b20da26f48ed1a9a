/**
 * ioredis as a module that loads later than the others, because it is most of the code.
 *
 * @module
 */
import "./environment.ts";
export { Redis } from "ioredis";
export { ConnStream } from "./conn_stream.ts";
