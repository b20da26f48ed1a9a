/**
 * The parts that all HTTP connections share.
 *
 * @module
 */
import type { HttpOptions } from "./options.ts";
import { Replies } from "./replies.ts";

export class HttpContext {
  readonly replies: Replies;

  constructor(readonly options: HttpOptions) {
    this.replies = new Replies(options);
  }
}
