/**
 * The sender of a request that is sent in parts, or several times.
 *
 * @module
 */
import type { Sender } from "../passing.ts";

/** A client that is told of the end of its request only once. */
export function quiet(sender: Sender): Sender {
  return {
    self: sender.self ?? sender,
    get isCut() {
      return sender.isCut;
    },
    set isCut(isCut) {
      sender.isCut = isCut;
    },
    get isCausal() {
      return sender.isCausal;
    },
    onLong: () => sender.onLong(),
    onDone() {},
  };
}
