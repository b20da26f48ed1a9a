/**
 * Serves a client over its private lane. Requests and replies are independent: a subscriber gets
 * messages without a request, and the proxy notices at once if a client leaves while it waits in
 * BLPOP.
 *
 * Once the lane holds no state, it returns at the next request, and the connection continues as
 * before.
 *
 * @module
 */
import { Failure, type Millis } from "../core/types.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import { switchesReplies } from "../lanes/exec_reply.ts";
import { ownCommand } from "../lanes/own_command.ts";
import type { Passable } from "../lanes/passable.ts";
import type { PrivateLane } from "../lanes/private_lane.ts";
import { Output } from "../server/output.ts";
import { type ClientEnd, type ClientRequest, TAKE_OVER } from "../server/protocol.ts";
import { Deferred } from "./deferred.ts";
import { ReplyWriter } from "./reply_writer.ts";
import { writeFailure } from "./requests/answers.ts";

/** While this many bytes wait for Redis, the proxy reads no more from the client. */
const UPSTREAM_BYTES = 256 * 1024;

/** How long Redis does not learn that a client has ended its side, if no command may block. */
const LAST_REPLIES: Millis = 1000;

/** A deadline. */
class Timeout implements Disposable {
  readonly over: Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(after: Millis) {
    this.over = new Promise((resolve) => this.#timer = setTimeout(resolve, after));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

const WAITS = new Set(["wait", "waitaof"]);

const MULTI = ownCommand("MULTI");

/** A message without subscribers. Redis replicates it after all earlier writes. */
const PUBLISHED = ownCommand("PUBLISH", "redis-proxy:wait", "");

/** A large request that comes in pieces. */
interface Streamed extends ClientRequest {
  readonly request: Passable;
  readonly isMuted: boolean;
  readonly source: { piece(): Uint8Array; readonly isComplete: boolean };
}

function isStreamed(request: ClientRequest): request is Streamed {
  return "source" in request;
}

/** What a request passes to Redis; undefined if it does not. */
function passableOf(request: ClientRequest): Passable | undefined {
  return isStreamed(request) || request instanceof PrivateRequest ? request.request : undefined;
}

export class PrivateClient {
  readonly #writer: ReplyWriter;
  /** Whether the transaction may decide which replies after it are left out. */
  #mayMute = false;
  /** Wakes the wait for the lane's last answer. */
  #onAnswered: () => void = () => {};

  constructor(readonly lane: ClientLane, readonly client: ClientEnd) {
    this.#writer = new ReplyWriter(client);
  }

  /** Serves the client from its first private request on. Never rejects. */
  async serve(first: ClientRequest): Promise<ClientRequest | undefined> {
    const opening = this.lane.open(passableOf(first));
    // A spare connection takes the request at once, before those of other clients that come later.
    let opened = opening instanceof Promise ? await opening : opening;
    if (opened instanceof Failure) return await this.#refuse(opened);
    this.#attach(opened);
    let next: ClientRequest | undefined = first;
    while (opened.connection.loss === null) {
      if (next === undefined) {
        if (await this.client.receive()) next = this.client.next();
        else return await this.#ended(opened);
        continue;
      }
      while (next instanceof Deferred) {
        if (next.way === "answered") await this.#answered(opened);
        if (opened.connection.loss !== null) return await this.#lost(opened, next);
        next = await next.takeOver();
      }
      if (this.#isForAnother(opened, next)) {
        await this.#answered(opened);
        if (opened.isIdle) return await this.#giveBack(next);
        const moved = await this.#moveTransaction(opened, passableOf(next)!);
        if (moved instanceof Failure) return await this.#refuse(moved);
        opened = moved;
      }
      if (isStreamed(next)) {
        if (!await this.#stream(opened, next)) return this.#leave("the client has left");
      } else if (next instanceof PrivateRequest) {
        const prepared = this.lane.lanes.prepare(next.request, opened);
        if (prepared !== undefined) await prepared;
        // All requests of a turn go out in one write, so a promise is awaited only if there is one.
        const held = this.#send(opened, next);
        if (held !== undefined) await held;
      } else if (opened.isIdle || next.takeOver !== undefined) {
        return await this.#giveBack(next);
      } else await this.#answer(opened, next);
      if (next.last) return this.#quit();
      next = this.client.next();
    }
    return await this.#lost(opened, next);
  }

  /** The lane has ended: with the client, or because the client needs another one. */
  async #lost(
    lane: PrivateLane,
    next: ClientRequest | undefined,
  ): Promise<ClientRequest | undefined> {
    await this.#writer.flushed();
    return this.lane.private === lane ? undefined : next;
  }

  /** Whether a request has to go to another node of a cluster. */
  #isForAnother(lane: PrivateLane, next: ClientRequest): boolean {
    const request = passableOf(next);
    return request !== undefined && !this.lane.lanes.suits(lane, request);
  }

  /** In a cluster, the first key of a transaction says where it belongs. */
  async #moveTransaction(lane: PrivateLane, first: Passable): Promise<PrivateLane | Failure> {
    if (!lane.isBareTransaction) return lane; // Redis replies with where the key is.
    const opened = await this.lane.reopen(first);
    if (opened instanceof Failure) return opened;
    this.#attach(opened);
    opened.send(MULTI, true);
    return opened;
  }

  #attach(lane: PrivateLane): void {
    lane.sink = this.#writer;
    lane.onReply = () => this.#onAnswered();
    lane.onSilent = async (failure) => {
      // Redis may execute the requests later, and an error would say that it does not.
      if (lane.isHarmless) await this.#refuse(failure);
      else this.client.close();
      lane.close(failure.message);
    };
    lane.onEnd = async () => {
      await this.#writer.flushed();
      this.client.close();
      this.#onAnswered();
    };
    this.client.onFinish = () => {
      if (lane.outstanding === 0) this.client.close();
      else lane.onReply = () => lane.outstanding === 0 && this.#finish();
    };
  }

  async #finish(): Promise<void> {
    await this.#writer.flushed();
    this.client.close();
  }

  #send(lane: PrivateLane, next: PrivateRequest): Promise<void> | undefined {
    if (lane.mustBeAlone(next.request)) {
      return this.#answered(lane).then(() => this.#send(lane, next));
    }
    const { request, isMuted } = next;
    // WAIT counts the writes of its own connection, but the client's writes took another one.
    if (WAITS.has(request.name) && !lane.mayBeInTransaction) lane.send(PUBLISHED, true);
    lane.send(request, isMuted);
    this.lane.lanes.options.stats.commandsPassed++;
    if (switchesReplies(request)) this.#mayMute = true;
    if (this.#mayMute && (request.name === "exec" || request.name === "discard")) {
      this.#mayMute = false;
      return this.#answered(lane); // Only then is it known which later replies are wanted.
    }
    return lane.connection.out.length > UPSTREAM_BYTES ? lane.connection.drained() : undefined;
  }

  /** Passes a large request as it arrives; false if its client leaves before the end. */
  async #stream(lane: PrivateLane, { request, source, isMuted }: Streamed): Promise<boolean> {
    const { connection } = lane;
    lane.send(request, isMuted);
    while (connection.loss === null) {
      const piece = source.piece();
      if (piece.length > 0) {
        connection.out.bytes(piece);
        connection.flush();
        if (connection.out.length > UPSTREAM_BYTES) await connection.drained();
      } else if (!source.isComplete && !await this.client.receive()) {
        return false;
      }
      if (source.isComplete) break;
    }
    return true;
  }

  /** Answers a request without Redis, after the answers of Redis. */
  async #answer(lane: PrivateLane, request: ClientRequest): Promise<void> {
    if (request.last) await this.#answered(lane);
    const found = await request.read(this.client.lookup, performance.now());
    const output = new Output();
    request.reply(output, found);
    await lane.answer(output.drain());
    if (request.last) await this.#writer.flushed();
  }

  /**
   * The client has ended its side. It may still read replies, as `nc` does. Redis ends a client of
   * its own at that moment, after all requests that have arrived, even if a command still blocks. So
   * Redis must know at once if a command may block: else it would send an element that nobody takes.
   */
  async #ended(lane: PrivateLane): Promise<undefined> {
    if (!lane.mayBlock) {
      using limit = new Timeout(LAST_REPLIES);
      await Promise.race([this.#answered(lane), limit.over]);
    }
    // On an opaque lane, nobody knows which requests are answered.
    if (lane.outstanding > 0 || lane.state.isOpaque) {
      lane.endRequests();
      while (lane.connection.loss === null) await this.#nextAnswer();
    }
    await this.#writer.flushed();
    return this.#leave("the client has left");
  }

  async #answered(lane: PrivateLane): Promise<void> {
    while (lane.outstanding > 0 && lane.connection.loss === null) await this.#nextAnswer();
  }

  /** Resolves at the next answer, or at the end of the lane. */
  #nextAnswer(): Promise<void> {
    return new Promise((resolve) => this.#onAnswered = resolve);
  }

  /** Returns the connection, with a request that needs no state. */
  async #giveBack(request: ClientRequest): Promise<ClientRequest> {
    await this.#writer.flushed();
    this.lane.rest();
    this.client.onFinish = () => {};
    return request;
  }

  /** Sends the failure and ends the connection: later requests may rely on the missing state. */
  async #refuse(failure: Failure): Promise<undefined> {
    const output = new Output();
    writeFailure(output, failure);
    await this.client.write(output.drain());
    this.client.close();
  }

  #quit(): undefined {
    const lane = this.lane.private;
    if (lane !== null) lane.onEnd = () => {}; // It ends the client at once.
    lane?.close("the client has quit");
    this.client.finish();
  }

  #leave(why: string): undefined {
    this.lane.private?.close(why);
    this.client.close();
  }
}

/** A command over the private lane. */
export class PrivateRequest implements ClientRequest {
  readonly last = false;
  readonly way = "private";

  constructor(readonly lane: ClientLane, readonly request: Passable, readonly isMuted = false) {}

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  async takeOver(client: ClientEnd): Promise<ClientRequest | undefined> {
    return await new PrivateClient(this.lane, client).serve(this);
  }
}
