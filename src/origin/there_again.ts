/**
 * Finds out whether it was the end of the server that ended a connection.
 *
 * @module
 */
import type { Link } from "./link.ts";
import type { Upstream } from "./upstream.ts";
import { Lost } from "./wire/connection.ts";

/**
 * Whether the server to which a connection was lost is there again, and is still the same run. An
 * answer must prove it: the loss of the current connection may not be noticed yet.
 */
export async function isThereAgain(
  link: Pick<Link, "upstream" | "up">,
  { runId }: Upstream,
): Promise<boolean> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const present = link.upstream ?? await link.up();
    if (present === null || present.runId !== runId) return false;
    const isAlive = await present.data.call("PING").then(
      () => true,
      (error) => !(error instanceof Lost),
    );
    if (isAlive) return true;
  }
  return false;
}
