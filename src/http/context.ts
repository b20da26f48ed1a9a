/**
 * The parts that all HTTP connections share.
 *
 * @module
 */
import type { Stats } from "../core/stats.ts";
import type { RequestObserver } from "../server/observer.ts";
import type { HttpOptions } from "./options.ts";
import { Replies } from "./replies.ts";

/** The counters of HTTP. */
export type HttpStats = Pick<Stats, "httpStatuses" | "failedLogins">;

export class HttpContext {
  readonly replies: Replies;

  constructor(
    readonly options: HttpOptions,
    readonly stats: HttpStats,
    readonly observer: RequestObserver | null = null,
  ) {
    this.replies = new Replies(options, stats.httpStatuses);
  }
}
