/**
 * Which replies a client wants (CLIENT REPLY).
 *
 * Source: https://redis.io/docs/latest/commands/client-reply/
 *
 * @module
 */
export type ReplySetting = "on" | "off" | "skip";

export class ReplySwitch {
  #isOff = false;
  /** Replies still to leave out: that of CLIENT REPLY SKIP and the next one. */
  #skips = 0;

  /** @param onChange Called when more or fewer replies are wanted. */
  constructor(readonly onChange: () => void) {}

  /** Whether the client wants all replies. */
  get wantsAll(): boolean {
    return !this.#isOff && this.#skips === 0;
  }

  /** Whether CLIENT REPLY SKIP leaves out the reply to the current request. */
  get skipsNext(): boolean {
    return this.#skips > 0;
  }

  /** Changes which replies are left out, from that of the current request on. */
  set(mode: ReplySetting): void {
    if (mode === "skip") {
      if (!this.#isOff) this.#skips = 2;
    } else {
      this.#isOff = mode === "off";
      this.#skips = 0;
    }
    this.onChange();
  }

  /** The same for a transaction that changed it: it takes effect with the next request. */
  leaveOut(replies: "next" | "all" | "none"): void {
    if (replies !== "next") this.#isOff = replies === "all";
    else if (!this.#isOff) this.#skips = 1;
    this.onChange();
  }

  /** Whether the reply to the request that was just read is left out. */
  leavesOut(): boolean {
    if (this.#skips === 0) return this.#isOff;
    this.#skips--;
    this.onChange();
    return true;
  }
}
