/**
 * The admin port: pages for those who run the proxy, apart from the clients' port.
 *
 * @module
 */
export { AdminProtocol } from "./protocol.ts";
export { whyNotReady } from "./readiness.ts";
export type { AdminSources } from "./routes.ts";
