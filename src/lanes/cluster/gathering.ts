/**
 * The replies to a batch that was divided among the nodes of a cluster, put together again in the
 * order of the commands. Usually the client gets them together. If that takes long or much memory,
 * it gets those at the beginning as they come.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { errorOf, errorReply } from "../../core/failure_error.ts";
import { Later } from "../../core/later.ts";
import { HANG_UP, ReplyStream } from "../../core/reply_stream.ts";
import { joined } from "../../core/small_copies.ts";
import { Failure } from "../../core/types.ts";
import type { Passed } from "../passing.ts";
import type { StreamBudget } from "../stream_budget.ts";

/** The most bytes of replies to hold until the others have come. */
const HELD_BYTES = 64 * 1024;

/** If all long replies hold too much memory, a client is cut off of which more is held here. */
const CUT_BYTES = 2 * HELD_BYTES;

/** A reply, as it is put together with others. */
type Piece = Exclude<Passed, Failure>;

export abstract class Gathering extends Later<Passed> {
  readonly #pieces: (Piece | null)[];
  /** The number of commands without a reply. */
  #missing: number;
  /** The first command whose reply is not passed on. */
  #next = 0;
  /** The bytes of complete replies that are not passed on. */
  #held = 0;
  /** Passes on the replies one by one, if they do not pass together. */
  #stream: ReplyStream | null = null;
  /** Whether a long reply is being passed on. The others wait for its end. */
  #isRelaying = false;
  /** Whether nothing more is passed on. */
  #isOver = false;

  /**
   * @param count The number of commands.
   * @param budget The memory of long replies.
   */
  constructor(count: number, readonly budget: StreamBudget) {
    super();
    this.#missing = count;
    this.#pieces = new Array(count).fill(null);
  }

  /** Takes the result of the command at a place. Only the first one counts. */
  put(place: number, passed: Passed): void {
    if (this.#pieces[place] !== null) return;
    const piece = passed instanceof Failure ? errorBytes(passed) : passed;
    if (piece instanceof Uint8Array) return this.putReply(place, piece);
    this.#pieces[place] = piece;
    if (--this.#missing === 0) this.onAnswered();
    if (this.#isOver) this.#drop(place);
    else if (this.#stream !== null || this.isAbandoned) this.#advance();
    else this.#begin();
  }

  /** Takes the first complete reply to the command at a place. */
  putReply(place: number, reply: Uint8Array): void {
    this.#pieces[place] = reply;
    this.#hold(reply.length);
    const isLast = --this.#missing === 0;
    if (isLast) this.onAnswered();
    if (this.#isOver) this.#drop(place);
    else if (this.#stream !== null || this.isAbandoned) this.#advance();
    else if (this.#held > HELD_BYTES) this.#begin();
    else if (isLast) this.settle(joined(this.#pieces as Uint8Array[], this.#held));
  }

  /** The replies take long: those at the beginning no longer wait for the others. */
  hurry(): void {
    if (this.isAbandoned) this.#advance();
    else if (!this.isKnown && this.#pieces[0] !== null) this.#begin();
  }

  /** Begins to pass on the replies one by one. */
  #begin(): void {
    this.#stream = new ReplyStream((change) => this.budget.held(change));
    this.budget.held(this.#held);
    this.settle(this.#stream);
    this.#advance();
  }

  /** Called once when all commands are answered, or lost. */
  protected abstract onAnswered(): void;

  #hold(change: number): void {
    this.#held += change;
    if (this.#stream !== null) this.budget.held(change);
  }

  /** Passes on the replies at the beginning, as far as they have come. */
  #advance(): void {
    const stream = this.#stream;
    if (stream === null || stream.isCut || this.isAbandoned) return this.#drop();
    const pieces = this.#pieces;
    while (!this.#isRelaying && this.#next < pieces.length) {
      const piece = pieces[this.#next]!;
      if (piece === null) break;
      this.#next++;
      if (piece instanceof ReplyStream) this.#relay(piece, stream);
      else if (piece === HANG_UP) return this.#stop(stream);
      else this.#pass(piece, stream);
    }
    if (this.budget.isOver && stream.held + this.#held > CUT_BYTES) {
      // Others must not wait for a client that is too slow: it is cut off, and served when it comes
      // back.
      stream.cut();
      this.#drop();
    } else if (!this.#isRelaying && this.#next === pieces.length) {
      stream.end();
    }
  }

  #pass(piece: Uint8Array, stream: ReplyStream): void {
    this.#hold(-piece.length);
    stream.push(piece);
  }

  /** Passes on a long reply, as fast as the client takes it. */
  async #relay(reply: ReplyStream, stream: ReplyStream): Promise<void> {
    this.#isRelaying = true;
    for (let part = await reply.next(); part !== null; part = await reply.next()) {
      await stream.push(part);
      if (stream.isCut) reply.cut();
    }
    this.#isRelaying = false;
    if (this.#isOver) return;
    if (reply.isCut) this.#stop(stream);
    else this.#advance();
  }

  /** Ends the replies here: the client gets those so far, and is disconnected. */
  #stop(stream: ReplyStream): void {
    stream.stop();
    this.#drop();
  }

  /** Drops the replies from a place on, because nobody will take them. */
  #drop(place = this.#next): void {
    this.#isOver = true;
    this.#hold(-this.#held);
    for (; place < this.#pieces.length; place++) {
      const piece = this.#pieces[place]!;
      if (piece instanceof ReplyStream) piece.cut();
    }
  }
}

function errorBytes(failure: Failure): Uint8Array {
  return Buffer.from(errorReply(errorOf(failure)), "latin1");
}
