/**
 * Waits for the answers over a private lane, and notices meanwhile if the client leaves.
 *
 * @module
 */
import { Timeout } from "../core/timeout.ts";
import type { Millis } from "../core/types.ts";
import type { PrivateLane } from "../lanes/private_lane.ts";
import type { ClientEnd } from "../server/protocol.ts";

/** How long Redis does not learn that a client has ended its side, if no command may block. */
const LAST_REPLIES: Millis = 1000;

/** How long an answer that may be on its way has to arrive, before Redis is asked again. */
const ON_ITS_WAY: Millis = 10;

export class PrivateAnswers {
  lane!: PrivateLane;
  /** Whether the client has ended its side, and Redis would execute no more of its requests. */
  hasLeft = false;
  /** Whether the last request has come in part only, so that it gets no answer. */
  #isBrokenOff = false;
  #onAnswered: () => void = () => {};

  /** @param isBlocked Asks Redis whether it waits for other clients. */
  constructor(
    readonly client: Pick<ClientEnd, "during">,
    readonly isBlocked: () => Promise<boolean>,
  ) {}

  /** Called at each answer, and at the end of the lane. */
  wake(): void {
    this.#onAnswered();
  }

  /**
   * Resolves once all requests are answered, or the lane has ended. A client that leaves while a
   * command blocks ends the wait, too: Redis ends the client at that moment, and executes nothing
   * that came behind the command. If it does not block, its answer is on the way.
   */
  async all(): Promise<void> {
    const { lane } = this;
    while (lane.outstanding > 0 && lane.connection.loss === null && !this.hasLeft) {
      const answer = this.#next();
      if (!lane.isBlocked) await answer;
      else if (!await this.client.during(answer)) await this.#checkBlocked(answer);
    }
  }

  /** Asks Redis whether a command blocks, now that the client has ended its side. */
  async #checkBlocked(answer: Promise<void>): Promise<void> {
    const answered = answer.then(() => false);
    this.hasLeft = await Promise.race([answered, this.isBlocked()]);
    if (this.hasLeft) return;
    using limit = new Timeout(ON_ITS_WAY);
    await Promise.race([answer, limit.over]);
  }

  /** The client has left in the middle of a request. */
  breakOff(): void {
    this.hasLeft = this.#isBrokenOff = true;
  }

  /**
   * Resolves once the last answers to a client that has left are there. Redis ends a client of its
   * own when it leaves, after all requests that have arrived, even if a command still blocks. So it
   * must know at once if a command may block: else it would send an element that nobody takes.
   */
  async last(): Promise<void> {
    const { lane } = this;
    const isAnswered = () => lane.outstanding <= (this.#isBrokenOff ? 1 : 0);
    if (!lane.mayBlock) {
      using limit = new Timeout(LAST_REPLIES);
      while (!isAnswered() && !limit.isOver && lane.connection.loss === null) {
        await Promise.race([this.#next(), limit.over]);
      }
    }
    // Nobody knows what of a stream is still to come.
    if (lane.outstanding === 0 && !lane.state.isOpaque) return;
    lane.endRequests();
    while (lane.connection.loss === null) await this.#next();
    await lane.ended;
  }

  /** Resolves at the next answer, or at the end of the lane. */
  #next(): Promise<void> {
    return new Promise((resolve) => this.#onAnswered = resolve);
  }
}
