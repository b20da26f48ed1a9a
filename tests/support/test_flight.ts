/**
 * Flights for tests of an origin: they record what the origin reports.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { ByteWindow } from "../../src/core/byte_window.ts";
import type { Fetched, Flight, Key, Millis, Origin } from "../../src/core/types.ts";

export class TestFlight implements Flight {
  /** When its bytes were written, each time. */
  readonly sentAt: Millis[] = [];
  /** The result, once there is one. */
  fetched: Fetched | undefined;
  readonly result: Promise<Fetched>;
  readonly #resolve: (fetched: Fetched) => void;

  /** @param window The only bytes that are wanted of a large value; null for all. */
  constructor(readonly key: Key, readonly window: ByteWindow | null = null) {
    const { promise, resolve } = Promise.withResolvers<Fetched>();
    this.result = promise;
    this.#resolve = resolve;
  }

  sent(now: Millis): void {
    assertEquals(this.fetched, undefined, `"${this.key}" is sent after it was settled`);
    this.sentAt.push(now);
  }

  narrow(): ByteWindow | null {
    return this.window;
  }

  settled(fetched: Fetched): void {
    assertEquals(this.fetched, undefined, `"${this.key}" is settled twice`);
    this.fetched = fetched;
    this.#resolve(fetched);
  }
}

/** Reads keys in one trip; returns their flights. */
export function fly(origin: Origin, keys: readonly Key[]): TestFlight[] {
  const flights = keys.map((key) => new TestFlight(key));
  origin.read(flights);
  return flights;
}
