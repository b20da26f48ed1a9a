/**
 * Bounds how long the check waits for an answer.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";

/** Waits for work; rejects if it takes longer than `limit`. */
export async function within<T>(work: Promise<T>, limit: Millis): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${limit} ms`)), limit);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
