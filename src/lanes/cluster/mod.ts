/**
 * The lanes into a cluster: a shared lane for each master, and private lanes to the master of what
 * their client asks for.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Route } from "../../commands/route.ts";
import type { CommandSpec, Words } from "../../commands/spec.ts";
import { Later } from "../../core/later.ts";
import type { Millis } from "../../core/types.ts";
import type { OriginAddress } from "../../origin/address.ts";
import { parseReply, type Reply, ReplyError } from "../../origin/wire/reply.ts";
import { Lanes, type LanesOptions } from "../mod.ts";
import type { Passable } from "../passable.ts";
import type { PrivateLane } from "../private_lane.ts";
import type { Passed, Sender, SharedLane } from "../shared_lane.ts";
import { encode, type Join, joined, valuesOf } from "./joins.ts";
import { NO_NODE, travel, type Traveller } from "./journey.ts";
import { type Plan, planOf, slotsOf } from "./plan.ts";
import { NO_MASTER, NUDGE, replicasOf, type Wanted } from "./replicas.ts";
import { requestsIn, requestWith } from "./requests.ts";
import type { RoutedNode, Router } from "./router.ts";
import { nextCursor, placeOfCursor } from "./scan.ts";

/** Redis's own words. */
const CROSSSLOT = "CROSSSLOT Keys in request don't hash to the same slot";

/** As Redis unblocks the clients of a master that becomes a replica. */
const DEMOTED = "UNBLOCKED force unblock from blocking operation, " +
  "instance state changed (master -> replica?)";

const MINUS = 0x2d;

/** Sends a request, or a part of one. */
type Send = (request: Passable, slot: number | null, node?: RoutedNode) => Promise<Passed>;

export class ClusterLanes extends Lanes {
  /** The nodes that lanes lead to. */
  readonly #known = new Map<string, RoutedNode>();
  /** The shared lanes by node, kind and version of the protocol. */
  readonly #lanes = new Map<string, SharedLane>();

  /** @param timeout How long a request may be sent on. */
  constructor(options: LanesOptions, readonly router: Router, readonly timeout: Millis) {
    super(options);
  }

  /** The lane of commands without keys, and of the table of commands. */
  override shared(route: Route, version: 2 | 3): SharedLane {
    const [node] = this.router.owners;
    return node === undefined ? super.shared(route, version) : this.#laneTo(node, route, version);
  }

  override pass(
    request: Passable,
    route: Route,
    version: 2 | 3,
    replies: number,
    sender: Sender,
  ): Later<Passed> {
    const result = new Later<Passed>();
    const traveller: Traveller = {
      router: this.router,
      sender: quiet(sender),
      replies,
      deadline: performance.now() + this.timeout,
      laneTo: (node) => {
        if (changes(request)) sender.wrote?.(node.name);
        return this.#laneTo(node, route, version);
      },
    };
    const send: Send = (one, slot, node) => travel(traveller, one, slot, node ?? null);
    const passing = request.name === "wait"
      ? this.#wait(request, sender, () => result.isAbandoned, send)
      : this.#run(request, version, send);
    passing.then((passed) => {
      sender.onDone();
      result.settle(passed);
    });
    return result;
  }

  /** Ends the connections to nodes that own nothing any more. */
  leaveAllBut(owners: ReadonlySet<string>): void {
    for (const [name, node] of this.#known) {
      if (owners.has(name)) continue;
      this.#known.delete(name);
      for (const [key, lane] of this.#lanes) {
        if (!key.startsWith(`${name} `)) continue;
        this.#lanes.delete(key);
        lane.close();
      }
      this.leave(node.address);
    }
  }

  /** WAIT takes no connection of its own: its client may have written to several masters. */
  override routeOf(spec: CommandSpec | undefined, words: Words): Route {
    return spec?.name === "wait" ? "shared" : super.routeOf(spec, words);
  }

  override suits({ place }: PrivateLane, request: Passable): boolean {
    const slot = this.#slotOfRequest(request);
    if (slot === null || place === undefined) return true;
    const node = this.router.nodeOf(slot);
    return node === null || (node.address.host === place.host && node.address.port === place.port);
  }

  override slotOf(spec: CommandSpec | undefined, words: Words): number | null {
    if (spec === undefined) return null;
    const all = Array.from({ length: words.count }, (_, at) => words.string(at));
    return slotsOf(spec, all)[0] ?? null;
  }

  protected override placeOf(request?: Passable): OriginAddress | undefined {
    const slot = request === undefined ? null : this.#slotOfRequest(request);
    const node = slot === null ? null : this.router.nodeOf(slot);
    return (node ?? this.router.owners[0])?.address;
  }

  protected override get isOneServer(): boolean {
    return false;
  }

  protected override get open(): SharedLane[] {
    return [...super.open, ...this.#lanes.values()];
  }

  /** @param use What else the lane is for; empty for the requests of clients. */
  #laneTo(node: RoutedNode, route: Route, version: 2 | 3, use = ""): SharedLane {
    this.#known.set(node.name, node);
    const kind = route === "control" ? "control" : "shared";
    const key = `${node.name} ${kind}${version}${use}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = this.makeShared(kind, version, node.address);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** The slot of a request's keys; null without keys. */
  #slotOfRequest({ spec, bytes, slot }: Passable): number | null {
    if (slot !== null || spec === undefined || bytes.length === 0) return slot;
    return slotsOf(spec, requestsIn(bytes)[0]!)[0] ?? null;
  }

  async #run(request: Passable, version: 2 | 3, send: Send): Promise<Passed> {
    const requests = requestsIn(request.bytes);
    if (requests.length > 1) return await this.#transaction(request, requests, send);
    const [words] = requests as [string[]];
    const plan = planOf(request.spec, words);
    switch (plan.kind) {
      case "any":
        return await send(request, null);
      case "slot":
        return await send(request, plan.slot);
      case "crossslot":
        return bytesOf(`-${CROSSSLOT}\r\n`);
      case "all":
        return await this.#all(request, plan.join, send);
      case "split":
        return await this.#split(request, plan, version, send);
      case "scan":
        return await this.#scan(request, words, send);
    }
  }

  async #all(request: Passable, join: Join, send: Send): Promise<Passed> {
    const { owners } = this.router;
    if (owners.length === 0) return NO_NODE;
    return together(await Promise.all(owners.map((node) => send(request, null, node))), join);
  }

  async #split(
    { spec }: Passable,
    { parts, join }: Plan & { readonly kind: "split" },
    version: 2 | 3,
    send: Send,
  ): Promise<Passed> {
    const sent = parts.map(({ words, slot }) => send(requestWith(spec, words), slot));
    return together(await Promise.all(sent), join === "values" ? valuesOf(parts, version) : join);
  }

  /** SCAN goes from master to master. The cursor says which one is next. */
  async #scan(request: Passable, words: readonly string[], send: Send): Promise<Passed> {
    const { owners } = this.router;
    if (owners.length === 0) return NO_NODE;
    const place = placeOfCursor(words[1] ?? "", owners);
    if (place === null) return await send(request, null); // Redis knows the error.
    const { node, cursor } = place;
    const own = requestWith(request.spec, [words[0]!, cursor, ...words.slice(2)]);
    const passed = await send(own, null, node);
    if (!(passed instanceof Uint8Array) || passed[0] === MINUS) return passed;
    const [next, keys] = parseReply(passed) as [string, Reply[]];
    return bytesOf(encode([nextCursor(next, node, owners), keys]));
  }

  /** WAIT, for all masters that the client has written to: the least of their numbers counts. */
  async #wait(
    request: Passable,
    { masters = new Set() }: Sender,
    isOver: () => boolean,
    send: Send,
  ): Promise<Passed> {
    const [, replicas = "", timeout = "", ...rest] = requestsIn(request.bytes)[0]!;
    if (rest.length > 0 || !isCount(replicas) || !isCount(timeout)) {
      return await send(request, null); // Redis knows the error.
    }
    const { owners } = this.router;
    if (owners.length === 0) return NO_NODE;
    const written = owners.filter(({ name }) => masters.has(name));
    // The slots of a master that is gone may be anywhere.
    const asked = written.length < masters.size || masters.size === 0 ? owners : written;
    const deadline = Number(timeout) === 0 ? Infinity : performance.now() + Number(timeout);
    const wanted: Wanted = { replicas: Number(replicas), deadline, isOver };
    const found = await Promise.all(
      asked.map((node) =>
        replicasOf(
          {
            role: () => this.#ask(node, ["ROLE"], "control"),
            nudge: () => this.#ask(node, NUDGE, "shared", "wait"),
          },
          masters.size > 0,
          wanted,
        )
      ),
    );
    if (found.includes(NO_MASTER)) return bytesOf(`-${DEMOTED}\r\n`);
    return bytesOf(encode(Math.min(...found as number[])));
  }

  /** Asks a node; undefined if it replies with an error or not at all. */
  async #ask(
    node: RoutedNode,
    words: readonly string[],
    route: Route,
    use = "",
  ): Promise<Reply | undefined> {
    const passing = this.#laneTo(node, route, 2, use).pass(requestWith(undefined, words));
    await passing.known();
    const passed = passing.value;
    const reply = passed instanceof Uint8Array ? parseReply(passed) : undefined;
    return reply instanceof ReplyError ? undefined : reply;
  }

  /** A transaction in one piece: all of its keys must have one slot. */
  async #transaction(
    request: Passable,
    requests: readonly string[][],
    send: Send,
  ): Promise<Passed> {
    const slots = new Set(requests.flatMap((words) => {
      const spec = this.table.find({ count: words.length, string: (at) => words[at]! });
      return spec === undefined ? [] : slotsOf(spec, words);
    }));
    if (slots.size <= 1) return await send(request, [...slots][0] ?? null);
    const queued = "+QUEUED\r\n".repeat(requests.length - 2);
    const end = `-EXECABORT Transaction discarded because of: ${CROSSSLOT}\r\n`;
    return bytesOf(`+OK\r\n${queued}${end}`);
  }
}

/** A client that is told of the end of its request only once. */
function quiet(sender: Sender): Sender {
  return {
    get isCut() {
      return sender.isCut;
    },
    set isCut(isCut) {
      sender.isCut = isCut;
    },
    get isCausal() {
      return sender.isCausal;
    },
    onLong: () => sender.onLong(),
    onDone() {},
  };
}

/** Whether a request may change something at the node that it goes to. */
function changes({ written }: Passable): boolean {
  return written.keys.length > 0 || written.beyond !== "nothing";
}

/** Whether a word is a number of replicas or milliseconds. */
function isCount(word: string): boolean {
  return /^\d{1,15}$/.test(word);
}

/** Makes one result of several. What is no reply is the result. */
function together(all: readonly Passed[], join: Join): Passed {
  const other = all.find((one) => !(one instanceof Uint8Array));
  return other ?? joined(all as Uint8Array[], join);
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
