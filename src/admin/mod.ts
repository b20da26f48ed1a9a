/**
 * The admin face: a port of its own, apart from the clients', for those who run the proxy.
 *
 * @module
 */
import type { Log } from "../core/log.ts";
import { type AdminSources, answer } from "./routes.ts";

export { whyNotReady } from "./readiness.ts";
export type { AdminSources } from "./routes.ts";

export interface Admin {
  /** The port that it listens on. */
  readonly port: number;
  /** Ends it. */
  stop(): Promise<void>;
}

/**
 * Starts to answer.
 *
 * @throws {Error} When it cannot listen there.
 */
export function startAdmin(
  hostname: string,
  port: number,
  sources: AdminSources,
  log: Log,
): Admin {
  const ending = new AbortController();
  const server = Deno.serve({
    hostname,
    port,
    signal: ending.signal,
    onListen: () => {},
    onError: (error) => {
      log.error("Cannot answer on the admin port", { why: (error as Error).message });
      return new Response("Cannot answer: this is a bug\n", { status: 500 });
    },
  }, (request) => answer(request, sources));
  const { port: bound } = server.addr;
  log.info("Serving metrics", { address: hostname, port: bound });
  return {
    port: bound,
    stop() {
      ending.abort();
      return server.finished;
    },
  };
}
