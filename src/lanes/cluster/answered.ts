/**
 * Tells when Redis has answered all that was sent over a connection so far.
 *
 * @module
 */
import type { Connection } from "../../origin/wire/connection.ts";
import type { Receiver } from "../../origin/wire/expected.ts";
import { requestOf } from "../../origin/wire/outbox.ts";

const PING = requestOf("PING");

interface Mark {
  readonly receiver: Receiver;
  readonly promise: Promise<void>;
}

/** The last mark that each connection was asked for. */
const marks = new WeakMap<Connection, Mark>();

/** Resolves once all requests so far are answered, or lost. Asks Redis, because replies come in order. */
export function answered(connection: Connection): Promise<void> {
  const last = marks.get(connection);
  if (last !== undefined && connection.last === last.receiver) return last.promise;
  const { promise, resolve } = Promise.withResolvers<void>();
  const receiver = { reply: () => resolve(), lost: () => resolve() };
  marks.set(connection, { receiver, promise });
  connection.send(PING, 1, receiver);
  return promise;
}
