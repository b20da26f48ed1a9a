/**
 * A clock that stands still until the test moves it.
 *
 * @module
 */
import type { Clock } from "../../src/lanes/silence.ts";
import { settled } from "./fake_socket.ts";

export class HandClock implements Clock {
  #now = 0;
  readonly #due = new Set<{ at: number; call: () => void }>();

  /** The number of running timers. */
  get timers(): number {
    return this.#due.size;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, call: () => void): () => void {
    const timer = { at: this.#now + delay, call };
    this.#due.add(timer);
    return () => this.#due.delete(timer);
  }

  /** Lets time pass, and all that is ready happen. */
  async pass(duration: number): Promise<void> {
    for (const end = this.#now + duration; this.#now < end;) {
      this.#now++;
      for (const timer of [...this.#due]) {
        if (timer.at > this.#now || !this.#due.delete(timer)) continue;
        timer.call();
        await settled();
      }
    }
    await settled();
  }
}
