/**
 * Bounds a wait.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import { Silence } from "./handshake.ts";

/** Waits for work, and rejects with "no answer within ..." if it takes longer. */
export async function within<T>(work: Promise<T>, limit: Millis): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Silence(`no answer within ${limit} ms`)), limit);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
