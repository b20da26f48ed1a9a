/**
 * The sentinels of the settings.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import type { Log } from "../core/log.ts";
import { SentinelLocation } from "../topology/sentinel/mod.ts";

/** Returns the sentinels of these settings; null without any. None is asked before `start`. */
export function makeSentinels({ values, origin, sentinel }: Config, log: Log) {
  if (sentinel === null) return null;
  return new SentinelLocation({
    ...sentinel,
    origin,
    lease: values.lease,
    timeout: values["redis-timeout"],
    isStrict: values.coherence === "required",
  }, log);
}
