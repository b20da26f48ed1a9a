/**
 * The refusal of a request, as a value: the data path throws nothing.
 *
 * @module
 */
import type { StatusCode } from "@std/http/status";

/**
 * The status and the reason. The connection ends with it: the end of a malformed request can only
 * be guessed, and request smuggling exploits such guesses.
 */
export class Refusal {
  constructor(readonly status: StatusCode, readonly reason: string) {}
}
