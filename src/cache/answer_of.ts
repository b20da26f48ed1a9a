/**
 * Waits for the answer of a flight: one promise for each request.
 *
 * @module
 */
import type { Answer, CacheStatus, Terms } from "../core/types.ts";
import type { CacheFlight } from "./flight.ts";
import { reportLanding } from "./status.ts";

/**
 * Resolves to the answer of a flight that has not landed yet.
 *
 * @param status Filled in with how the answer came about.
 */
export function answerOf(
  flight: CacheFlight,
  { window }: Terms,
  status: CacheStatus | undefined,
): Promise<Answer> {
  return new Promise((resolve) =>
    flight.await(
      window,
      status === undefined ? resolve : (answer, flight, landing, now) => {
        reportLanding(status, flight, landing, now);
        resolve(answer);
      },
    )
  );
}
