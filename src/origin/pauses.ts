/**
 * How long to wait before the next attempt to connect to Redis. Pure, except for the jitter: after a
 * restart of Redis, many proxies do not reconnect at the same moment.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import type { Loss } from "./loss.ts";

/** Shortest and longest pause while Redis is away. */
const MIN: Millis = 50;
const MAX: Millis = 1000;

/** Longest pause while Redis says "not now", as during a script: it can be ready at any moment. */
const UNREADY_MAX: Millis = 200;

/** Pause while Redis refuses. Only a change in Redis or in the settings can help. */
const REFUSED: Millis = 2000;

/** Shortest and longest pause before tracking is tried again. */
const UPGRADE_MIN: Millis = 5000;
const UPGRADE_MAX: Millis = 60_000;

/** Returns the pause after a failure, given the number of earlier ones. */
export function attemptPause(failures: number, { reason }: Loss): Millis {
  if (reason === "refused") return jittered(REFUSED);
  return jittered(Math.min(reason === "unready" ? UNREADY_MAX : MAX, MIN * 2 ** failures));
}

/** Returns the pause after so many attempts at tracking. */
export function upgradePause(attempts: number): Millis {
  return jittered(Math.min(UPGRADE_MAX, UPGRADE_MIN * 2 ** attempts));
}

function jittered(pause: Millis): Millis {
  return pause * (0.5 + Math.random() / 2);
}
