/**
 * Serves a client over its private lane. Requests and replies are independent: a subscriber gets
 * messages without a request, and the proxy notices at once if a client leaves while it waits in
 * BLPOP.
 *
 * Once the lane holds no state, it returns at the next request, and the connection continues as
 * before. If Redis ends the lane, the client's connection ends, too: Redis executes nothing of a
 * client after that.
 *
 * @module
 */
import { isBlocked } from "../lanes/blocked.ts";
import { Failure } from "../core/types.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import { ownCommand } from "../lanes/own_command.ts";
import type { Passable } from "../lanes/passable.ts";
import type { Begun, PrivateLane } from "../lanes/private_lane.ts";
import { Output } from "../server/output.ts";
import { type ClientEnd, type ClientRequest, TAKE_OVER } from "../server/protocol.ts";
import { Deferred } from "./deferred.ts";
import { PrivateAnswers } from "./private_answers.ts";
import { PrivateSending, type RequestSource } from "./private_sending.ts";
import { ReplyWriter } from "./reply_writer.ts";
import { writeFailure } from "./requests/answers.ts";

const MULTI = ownCommand("MULTI");

/** Without a key, Redis refuses to queue it, so that EXEC fails. */
const BREAK = ownCommand("GET");

export class PrivateClient {
  readonly #writer: ReplyWriter;
  readonly #answers: PrivateAnswers;
  readonly #sending: PrivateSending;

  constructor(readonly lane: ClientLane, readonly client: ClientEnd) {
    this.#writer = new ReplyWriter(client);
    this.#answers = new PrivateAnswers(client, () => isBlocked(lane));
    this.#sending = new PrivateSending(lane, client, this.#answers);
  }

  /** Serves the client from its first private request on. Never rejects. */
  async serve(first: PrivateRequest): Promise<ClientRequest | undefined> {
    const opening = this.lane.open(first.request);
    // A spare connection takes the request at once, before those of other clients that come later.
    const opened = opening instanceof Promise ? await opening : opening;
    if (opened instanceof Failure) return await this.#refuse(opened);
    this.#attach(opened);
    for (let next: ClientRequest | undefined = first;;) {
      const { lane } = this.#answers;
      if (lane.connection.loss !== null) return await this.#lost(lane, next);
      if (this.#answers.hasLeft) return await this.#left(lane);
      if (next === undefined) {
        // Any further step here would let requests of other clients that come later overtake.
        if (await this.client.receive()) next = this.client.next();
        else this.#answers.hasLeft = true;
      } else if (lane.outstanding > 0 && this.#mustWait(lane, next)) await this.#answers.all();
      else if (next instanceof Deferred) next = await next.takeOver();
      else if (this.#mayReturn(lane, next)) return await this.#giveBack(next);
      else if (this.#mustMove(lane, next)) await this.#move(lane.movable!, next);
      else {
        const done = next instanceof PrivateRequest
          ? this.#sending.send(lane, next)
          : this.#answer(lane, next);
        // All requests of a turn go out in one write, so a promise is awaited only if there is one.
        if (done !== undefined) await done;
        if (next.last) return await this.#quit(lane);
        next = this.client.next();
      }
    }
  }

  /** Whether a request must wait until all before it are answered. */
  #mustWait(lane: PrivateLane, next: ClientRequest): boolean {
    if (next instanceof Deferred) return next.way === "answered";
    if (next instanceof PrivateRequest) {
      return lane.mustBeAlone(next.request) || !this.#suits(lane, next);
    }
    // It ends the client, or takes effect elsewhere.
    return next.last || next.way !== undefined || next.takeOver !== undefined;
  }

  /** Whether the connection continues without this lane. */
  #mayReturn(lane: PrivateLane, next: ClientRequest): boolean {
    return next instanceof PrivateRequest
      ? lane.isIdle && !this.#suits(lane, next)
      : lane.isIdle || next.takeOver !== undefined;
  }

  /** In a cluster, the first key of a transaction says where it belongs. */
  #mustMove(lane: PrivateLane, next: ClientRequest): next is PrivateRequest {
    if (!(next instanceof PrivateRequest) || this.#suits(lane, next)) return false;
    const { lanes } = this.lane;
    return lane.movable?.commands.every((one) => !lanes.hasPlace(one)) ?? false;
  }

  #suits(lane: PrivateLane, { request }: PrivateRequest): boolean {
    return this.lane.lanes.suits(lane, request);
  }

  /** Begins the transaction at another node, with the commands that it has so far. */
  async #move({ commands, isBroken }: Begun, { request }: PrivateRequest): Promise<void> {
    const opened = await this.lane.reopen(request);
    if (opened instanceof Failure) return await this.#refuse(opened);
    this.#attach(opened);
    opened.send(MULTI, true);
    if (isBroken) opened.send(BREAK, true);
    for (const one of commands) opened.send(one, true);
  }

  #attach(lane: PrivateLane): void {
    this.#answers.lane = lane;
    lane.sink = this.#writer;
    lane.onReply = () => this.#answers.wake();
    lane.onSilent = async (failure) => {
      // Redis may execute the requests later, and an error would say that it does not.
      if (lane.isHarmless) await this.#refuse(failure);
      else this.client.close();
      lane.close(failure.message);
    };
    lane.onEnd = async () => {
      await this.#writer.flushed();
      this.client.close();
      this.#answers.wake();
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

  /** Answers a request without Redis, after the answers of Redis. */
  async #answer(lane: PrivateLane, request: ClientRequest): Promise<void> {
    const found = await request.read(this.client.lookup, performance.now());
    const output = new Output();
    request.reply(output, found);
    await lane.answer(output.drain());
  }

  /** The lane has ended, or is dropped because the client needs another one. */
  async #lost(
    lane: PrivateLane,
    next: ClientRequest | undefined,
  ): Promise<ClientRequest | undefined> {
    await lane.ended;
    await this.#writer.flushed();
    if (this.lane.private !== lane) return next;
    this.client.close();
    return undefined;
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

  /** Ends the connection after the last reply. */
  async #quit(lane: PrivateLane): Promise<undefined> {
    await this.#writer.flushed();
    lane.onEnd = () => {}; // It ends the client at once.
    lane.close("the client has quit");
    this.client.finish();
  }

  /** The client has ended its side. It may still read replies, as `nc` does. */
  async #left(lane: PrivateLane): Promise<undefined> {
    await this.#answers.last();
    await this.#writer.flushed();
    lane.close("the client has left");
    this.client.close();
  }
}

/** A command over the private lane. */
export class PrivateRequest implements ClientRequest {
  readonly way = "private";
  /** Tells, once it is answered, whether it has ended its own client; null if it never does. */
  ends: (() => boolean) | null = null;

  /** @param source Gives the bytes of a large request that passes as it arrives; null for others. */
  constructor(
    readonly lane: ClientLane,
    readonly request: Passable,
    readonly isMuted = false,
    readonly source: RequestSource | null = null,
  ) {}

  get last(): boolean {
    return this.ends?.() ?? false;
  }

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  async takeOver(client: ClientEnd): Promise<ClientRequest | undefined> {
    return await new PrivateClient(this.lane, client).serve(this);
  }
}
