/**
 * Keeps a fault from ending the process for all clients. The program catches faults where they
 * happen; this is for unexpected ones, including those in libraries.
 *
 * @module
 */
import { BrokenProgram } from "../core/broken_program.ts";
import type { Log } from "../core/log.ts";

/** Logs errors that nobody caught, instead of ending the process: only a broken program ends. */
export function surviveFaults(log: Log): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report(log, event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    report(log, event.error);
  });
}

function report(log: Log, error: unknown): void {
  const stack = error instanceof Error ? error.stack ?? error.message : String(error);
  log.error("Unexpected error", { why: String(error), stack });
  if (error instanceof BrokenProgram) Deno.exit(1);
}
