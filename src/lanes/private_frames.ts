/**
 * What Redis sends over a private lane, frame by frame: it tells replies, confirmations of
 * subscriptions and messages apart.
 *
 * @module
 */
import type { Connection } from "../origin/wire/connection.ts";
import { LongReply } from "./long_reply.ts";
import { isMonitorLine, shownLine } from "./monitor_line.ts";
import type { PrivateReplies } from "./private_replies.ts";
import { type FrameKind, isError, kindOf } from "./reply_kind.ts";

export class PrivateFrames {
  /** The long frame whose parts are arriving; null for none. */
  #long: LongReply | null = null;

  constructor(connection: Connection, readonly replies: PrivateReplies) {
    const reply = (bytes: Uint8Array, from: number, to: number) => this.#frame(bytes, from, to);
    connection.onPush = reply;
    connection.stray = {
      reply,
      part: (bytes, from, to) => this.#part(bytes, from, to),
      lost() {},
    };
  }

  /** Passes a message of another connection, between two frames of this one. */
  push(message: Uint8Array): void | Promise<void> {
    if (this.#long === null) return this.replies.message(message, 0, message.length);
    this.#long.pushed.push(message);
  }

  #frame(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (this.#long !== null) return this.#lastPart(this.#long, bytes, from, to);
    const kind = this.#kindOf(bytes, from, to);
    if (kind === "message") return this.#shown(bytes, from, to);
    if (kind === "confirmation") return this.replies.confirmed(bytes, from, to);
    return this.replies.replied(bytes, from, to, isError(bytes, from));
  }

  /**
   * In RESP2, a list of three that begins with "message" looks like one. Only a transaction that has
   * subscribed can read it before the subscription ends.
   */
  #kindOf(bytes: Uint8Array, from: number, to: number): FrameKind {
    const { state, outstanding, mayBeSubscribed } = this.replies;
    if (outstanding === 0) return "message"; // No request waits for a reply.
    if (state.isMonitoring && isMonitorLine(bytes, from)) return "message";
    return kindOf(bytes, from, to, mayBeSubscribed);
  }

  /** Passes a message, unless it is about a command of the proxy itself. */
  #shown(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    if (!this.replies.state.isMonitoring || !isMonitorLine(bytes, from)) {
      return this.replies.message(bytes, from, to);
    }
    const line = shownLine(bytes, from, to);
    if (line === null) return;
    return line === undefined
      ? this.replies.message(bytes, from, to)
      : this.replies.message(line, 0, line.length);
  }

  /** Passes a part of a long frame. Its first part tells its kind. */
  #part(bytes: Uint8Array, from: number, to: number): void | Promise<void> {
    const long = this.#long ??= new LongReply(this.#kindOf(bytes, from, to));
    const slot = long.kind === "reply" ? this.replies.slots.first! : null;
    if (slot !== null && this.replies.isMuted(slot)) return;
    if (!slot?.request?.rewrite) return this.replies.sink.write(bytes, from, to);
    long.collect(bytes, from, to);
  }

  #lastPart(
    long: LongReply,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void | Promise<void> {
    this.#long = null;
    const whole = long.joined(bytes, from, to);
    if (whole !== null) [bytes, from, to] = [whole, 0, whole.length];
    // An error is never that long.
    const held = long.kind === "reply"
      ? this.replies.replied(bytes, from, to, false)
      : this.replies.sink.write(bytes, from, to);
    const pushed = long.pushed.map((message) => this.push(message)).at(-1);
    return held ?? pushed;
  }
}
