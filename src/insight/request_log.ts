/**
 * The access log and the slow log: follows each request from its parsing to its reply. Keys are
 * hashed with a secret of the process, so that a log reveals no key, but shows which requests have
 * the same one.
 *
 * It replaces the methods of each request, so that requests cost nothing more if nothing is logged.
 *
 * @module
 */
import { createHmac, randomBytes } from "node:crypto";
import { Later } from "../core/later.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { Failure, type Key, type Millis } from "../core/types.ts";
import type { RequestObserver, Seen } from "../server/observer.ts";
import type { Output } from "../server/output.ts";
import { type ClientEnd, type ClientRequest, TAKE_OVER } from "../server/protocol.ts";
import type { LineFile } from "./line_file.ts";

/** Digits of a hashed key. */
const KEY_DIGITS = 16;

/** The most hashes to remember, and the longest key to remember, in bytes. */
const KNOWN_HASHES = 10_000;
const KNOWN_LENGTH = 200;

/** The longest name of a command in the log. Clients choose the names. */
const NAME_LENGTH = 64;

const MINUS = 0x2d;

/** The requests to log. */
export interface RequestLogOptions {
  /** Takes a line for each request; null for none. */
  readonly file: LineFile | null;
  /** Requests that take longer are logged; Infinity for none. */
  readonly slow: Millis;
}

export class RequestLog implements RequestObserver {
  readonly #secret = randomBytes(32);
  /** Hashes of recent keys: a hash takes several times as long as a hit. */
  readonly #hashes = new Map<Key, string>();

  constructor(
    readonly options: RequestLogOptions,
    readonly stats: Pick<Stats, "hits">,
    readonly log: Log,
    readonly clock: () => Millis = () => performance.now(),
  ) {}

  saw(request: ClientRequest, seen: Seen): void {
    if (isDeferred(request)) return this.#follow(request, seen);
    const { stats } = this;
    const { read, reply } = request;
    const entry = new Entry(this.clock());
    request.read = (lookup, now) => {
      const { hits } = stats;
      const found = read.call(request, lookup, now);
      entry.result = resultOf(found, stats.hits > hits, request.way);
      // The lane replies instead, and not only to this request.
      if (found === TAKE_OVER) this.#write(seen, entry, false);
      return found;
    };
    request.reply = (output: Output, found: unknown) => {
      const before = output.length;
      const isDone = reply.call(request, output, found);
      entry.bytes += output.length - before;
      entry.judge(request, found);
      if (isDone !== false) this.#write(seen, entry, true);
      return isDone;
    };
    // A long reply passes part by part.
    request.relayed = (bytes) => {
      entry.bytes += bytes;
      this.#write(seen, entry, true);
    };
  }

  /** Follows the request that a request without a route becomes. */
  #follow(request: Deferred, seen: Seen): void {
    const { takeOver } = request;
    request.takeOver = async (client) => {
      const routed = await takeOver.call(request, client);
      this.saw(routed, seen);
      return routed;
    };
  }

  #write({ protocol, peer, command, key, status }: Seen, entry: Entry, isDone: boolean): void {
    const taken = this.clock() - entry.since;
    const { file, slow } = this.options;
    const fields = {
      protocol,
      peer: peer.remote,
      command: command.slice(0, NAME_LENGTH).toLowerCase(),
      ...(key === null ? {} : { key: this.#hash(key) }),
      result: entry.result,
      ...(status === undefined ? {} : { status: status() }),
      ...(isDone ? { bytes: entry.bytes, ms: Math.round(taken * 1000) / 1000 } : {}),
    };
    file?.add(JSON.stringify({ time: new Date().toISOString(), ...fields }));
    if (isDone && taken > slow) this.log.warn("Slow request", fields);
  }

  #hash(key: Key): string {
    let hashed = this.#hashes.get(key);
    if (hashed === undefined) {
      const digest = createHmac("sha256", this.#secret).update(key, "latin1").digest("hex");
      hashed = digest.slice(0, KEY_DIGITS);
      if (this.#hashes.size === KNOWN_HASHES) this.#hashes.clear();
      if (key.length <= KNOWN_LENGTH) this.#hashes.set(key, hashed);
    }
    return hashed;
  }
}

/** A request that gets its route after earlier ones. */
interface Deferred extends ClientRequest {
  takeOver(client: ClientEnd): Promise<ClientRequest>;
}

function isDeferred(request: ClientRequest): request is Deferred {
  return "routed" in request;
}

/** A request in the log. */
class Entry {
  /** How it was answered: hit, miss, passed, private, local, error, or the reason of a failure. */
  result = "local";
  bytes = 0;

  constructor(readonly since: Millis) {}

  /** Notes whether the reply is an error. */
  judge(request: ClientRequest, found: unknown): void {
    if (found instanceof Failure) this.result = found.reason;
    const encoded = found instanceof Uint8Array && request.way !== undefined
      ? found
      : (request as { bytes?: unknown }).bytes;
    const isFixed = found === undefined || request.way !== undefined;
    if (isFixed && encoded instanceof Uint8Array && encoded[0] === MINUS) this.result = "error";
  }
}

function resultOf(found: unknown, isHit: boolean, way: string | undefined): string {
  if (found === TAKE_OVER) return "private";
  if (way !== undefined) return "passed";
  if (found instanceof Promise || found instanceof Later) return "miss";
  return isHit ? "hit" : "local";
}
