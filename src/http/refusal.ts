/**
 * What is wrong with a request that cannot be taken, as a value: the data path throws nothing.
 *
 * @module
 */
import type { StatusCode } from "@std/http/status";

/**
 * The status that says so, and the sentence. The connection ends with it: where a request ends that
 * is not understood is anybody's guess, and a guess is what request smuggling lives on.
 */
export class Refusal {
  constructor(readonly status: StatusCode, readonly reason: string) {}
}
