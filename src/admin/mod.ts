/**
 * The admin port: pages for operators, separate from the clients' port.
 *
 * @module
 */
export type { MachineFacts } from "./figures.ts";
export { AdminProtocol } from "./protocol.ts";
export { LiveStreams } from "./live/stream.ts";
export { whyNotReady } from "./readiness.ts";
export type { AdminSources } from "./routes.ts";
