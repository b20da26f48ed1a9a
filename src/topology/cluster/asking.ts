/**
 * Reads a key of a slot that one node is giving to another: only with ASKING, the other serves it.
 *
 * Source: https://redis.io/docs/latest/commands/asking/
 *
 * @module
 */
import { Failure, type Flight, Found } from "../../core/types.ts";
import { failureOf } from "../../origin/loss.ts";
import type { Connection } from "../../origin/wire/connection.ts";
import { requestOf } from "../../origin/wire/outbox.ts";
import { parseReply, ReplyError } from "../../origin/wire/reply.ts";

/** Reads the key. It is not kept: whether the node keeps the slot is not known yet. */
export function readAsking(data: Connection, flight: Flight): void {
  flight.sent(performance.now());
  data.out.bytes(requestOf("ASKING"));
  data.out.bytes(requestOf("GET", flight.key));
  let isAsking = true;
  data.expect(2, {
    reply(bytes, from) {
      const wasAsking = isAsking;
      isAsking = false;
      if (wasAsking) return;
      const value = parseReply(bytes, from);
      if (value instanceof ReplyError) {
        flight.settled(new Failure("reply", value.message), data.now);
      } else if (value === null) {
        flight.settled(null, data.now);
      } else {
        const found = Uint8Array.from(String(value), (char) => char.charCodeAt(0));
        flight.settled(new Found(found, 0), data.now);
      }
    },
    lost: () => flight.settled(failureOf({ reason: "away", message: data.loss ?? "" }), data.now),
  });
}
