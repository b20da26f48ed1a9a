/**
 * The failure that clients get if Redis is silent, however the proxy noticed.
 *
 * @module
 */
import { Failure } from "./types.ts";

/** The message of the failure. */
export const SILENT = "Redis does not answer";

/** Redis did not answer in time. */
export const SILENCE = new Failure("timeout", SILENT);
