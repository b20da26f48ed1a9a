/**
 * The reply to EXEC, element by element: each answers a queued command. CLIENT REPLY inside the
 * transaction decides which elements and which later replies are left out, though the header counts
 * them all. Redis sends the same.
 *
 * @module
 */
import type { LaneClient } from "./lane_client.ts";
import type { Passable } from "./passable.ts";

/** Whether a command decides which replies are left out. */
export function switchesReplies({ name }: Passable): boolean {
  return name === "client|reply";
}

/** Returns the number of elements that follow; null if these bytes are anything but a header. */
export function elementsOf(bytes: Uint8Array, from: number, to: number): number | null {
  if (bytes[from] !== ARRAY) return null;
  let count = 0;
  for (let at = from + 1; at < to - 2; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return null;
    count = count * 10 + digit;
  }
  return count;
}

const ARRAY = 0x2a;
const ZERO = 0x30;

export class ExecReply {
  /**
   * @param isMuted Whether the next element is left out. At first, that is whether the client wants no
   * reply to EXEC itself.
   * @param client Learns which later replies are left out.
   */
  constructor(
    public isMuted: boolean,
    readonly client: Partial<Pick<LaneClient, "leaveOut">>,
  ) {}

  /** Notes that a command is executed. Returns whether its reply passes. */
  passes(request: Passable, isFailed: boolean): boolean {
    if (!switchesReplies(request) || isFailed) return !this.isMuted;
    switch (request.option) {
      case "on":
        this.client.leaveOut?.("none");
        this.isMuted = false;
        return true;
      case "off":
        this.client.leaveOut?.("all");
        this.isMuted = true;
        return false;
      default:
        this.client.leaveOut?.("next");
        return false;
    }
  }
}
