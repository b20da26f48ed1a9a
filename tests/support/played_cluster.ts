/**
 * A cluster that a test plays: sockets instead of nodes, and lanes of the proxy in front of them. A
 * test says what a node replies to each request.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Reply } from "../../src/commands/spec.ts";
import { CommandTable } from "../../src/commands/table.ts";
import { slotOf } from "../../src/core/slot.ts";
import { ReplyStream } from "../../src/core/reply_stream.ts";
import { RoutedBatch, slotIn } from "../../src/lanes/cluster/batch.ts";
import { Batches } from "../../src/lanes/cluster/batches.ts";
import { FollowedSlots } from "../../src/lanes/cluster/followed_slots.ts";
import { HeldUp } from "../../src/lanes/cluster/held_up.ts";
import { travel, type Traveller } from "../../src/lanes/cluster/journey.ts";
import { quiet } from "../../src/lanes/cluster/quiet.ts";
import { requestsIn } from "../../src/lanes/cluster/requests.ts";
import type { Redirection, RoutedNode, Router } from "../../src/lanes/cluster/router.ts";
import { LongRequests } from "../../src/lanes/long_requests.ts";
import { Passable } from "../../src/lanes/passable.ts";
import { anybody, type Passed, type Sender } from "../../src/lanes/passing.ts";
import { SharedLane } from "../../src/lanes/shared_lane.ts";
import { StreamBudget } from "../../src/lanes/stream_budget.ts";
import { Connection } from "../../src/origin/wire/connection.ts";
import { Failure } from "../../src/core/types.ts";
import { request } from "./client.ts";
import { FakeSocket } from "./fake_socket.ts";
import { FakeCache } from "./lane_rig.ts";

/** The node ends the connection instead of replying. */
export const LOSE = Symbol("lose");

/** The node does not reply, now or later. */
export const HOLD = Symbol("hold");

/** What a node does at a request; undefined for what it does by itself. */
export type Played = string | typeof LOSE | typeof HOLD | undefined;

/** The commands of its nodes. */
export const PLAYED_COMMANDS = CommandTable.of(
  [
    ["set", "write", 1, 0],
    ["append", "write", 1, 0],
    ["mset", "write", -1, 2],
    ["get", "readonly", 0, 0],
    ["mget", "readonly", -1, 1],
    ["eval_ro", "readonly", 0, 0, "@scripting"],
  ].map(([name, flag, last, step, ...categories]) => {
    const isOne = step === 0;
    const range = [["lastkey", isOne ? 0 : -1], ["keystep", isOne ? 1 : step], ["limit", 0]];
    const spec = [
      ...["flags", [flag === "write" ? "OW" : "RO"]],
      ...["begin_search", ["type", "index", "spec", ["index", 1]]],
      ...["find_keys", ["type", "range", "spec", range.flat()]],
    ];
    return [name, -2, [flag], 1, last, 1, categories, [], [spec], []];
  }) as Reply,
);

/** A connection to a node, which replies to each request that is written to it. */
class PlayedSocket extends FakeSocket {
  #read = 0;
  /** Whether the node replies to nothing more over this connection. */
  isHeld = false;

  constructor(readonly node: PlayedNode) {
    super();
  }

  override async write(bytes: Uint8Array): Promise<number> {
    const count = await super.write(bytes);
    const rest = this.written.slice(this.#read);
    this.#read = this.written.length;
    this.node.serve(this, requestsIn(Buffer.from(rest, "latin1")));
    return count;
  }
}

export class PlayedNode implements RoutedNode {
  readonly address;
  readonly sockets: PlayedSocket[] = [];
  /** The requests that it has executed, in order. */
  readonly executed: string[] = [];
  readonly values = new Map<string, string>();
  /** Decides about a request, before the node does. */
  play: (words: readonly string[], isAsking: boolean) => Played = () => undefined;
  /** Why no connection opens; null if they do. */
  failure: Failure | null = null;
  /** How many bytes of its replies come at once. */
  chunk = Infinity;

  constructor(readonly name: string, readonly index: number) {
    const [host, port] = name.split(":");
    this.address = {
      ...{ host: host!, port: Number(port), socket: null, tls: null },
      ...{ username: null, password: null, database: 0 },
    };
  }

  open(): Connection | Failure {
    if (this.failure !== null) return this.failure;
    const socket = new PlayedSocket(this);
    this.sockets.push(socket);
    return new Connection(socket);
  }

  serve(socket: PlayedSocket, requests: readonly string[][]): void {
    let replies = "";
    let isAsking = false;
    for (const words of requests) {
      if (socket.isHeld) break;
      if (words[0] === "PING") {
        replies += "+PONG\r\n";
        continue;
      }
      if (words[0] === "ASKING") {
        isAsking = true;
        replies += "+OK\r\n";
        continue;
      }
      const played = this.play(words, isAsking);
      isAsking = false;
      if (played === HOLD) socket.isHeld = true;
      if (played === HOLD || played === LOSE) {
        this.#reply(socket, replies);
        if (played === LOSE) socket.end();
        return;
      }
      replies += played ?? this.#execute(words);
    }
    this.#reply(socket, replies);
  }

  #reply(socket: FakeSocket, text: string): void {
    for (let at = 0; at < text.length; at += this.chunk) {
      socket.reply(text.slice(at, at + this.chunk));
    }
  }

  #execute([name = "", key = "", value = ""]: readonly string[]): string {
    this.executed.push([name, key, value].join(" ").trimEnd());
    const old = this.values.get(key);
    switch (name) {
      case "SET":
        this.values.set(key, value);
        return "+OK\r\n";
      case "APPEND":
        this.values.set(key, (old ?? "") + value);
        return `:${this.values.get(key)!.length}\r\n`;
      default:
        return old === undefined ? "$-1\r\n" : `$${old.length}\r\n${old}\r\n`;
    }
  }
}

export class PlayedCluster implements Disposable {
  readonly nodes = [1, 2, 3].map((index) => new PlayedNode(`n:${index}`, index));
  readonly cache = new FakeCache();
  readonly budget: StreamBudget;
  readonly long = new LongRequests();
  readonly heldUp = new HeldUp();
  readonly batches: Batches;
  readonly followed: Router;
  /** Slots that are elsewhere than in their third of all. */
  readonly moved = new Map<number, PlayedNode | null>();
  refreshed = 0;
  readonly #lanes = new Map<RoutedNode, SharedLane>();

  constructor(limit = Infinity, readonly timeout = 1000) {
    this.budget = new StreamBudget(limit);
    this.followed = new FollowedSlots(
      this.router,
      this.heldUp,
      (node) => this.#lanes.get(node)?.connections ?? [],
    );
    this.batches = new Batches(
      this.followed,
      this.heldUp,
      (node) => this.laneTo(node),
      (request, slot, _route, _version, sender, order, first) =>
        travel(this.traveller(sender, order), request, slot, null, first),
      this.budget,
    );
  }

  readonly router: Router = {
    owners: this.nodes,
    nodeOf: (slot) => {
      const moved = this.moved.get(slot);
      return moved === undefined ? this.nodes[Math.floor(slot * 3 / 16384)]! : moved;
    },
    redirection: (message): Redirection | null => {
      const [, kind, slot, name] = /^(MOVED|ASK) (\d+) (\S+)$/.exec(message) ?? [];
      const node = this.nodes.find((one) => one.name === name);
      if (node === undefined) return null;
      if (kind === "MOVED") this.moved.set(Number(slot), node);
      return { isAsk: kind === "ASK", node };
    },
    refresh: () => {
      this.refreshed++;
    },
  };

  /** A client on its way with a request. */
  traveller(sender: Sender, order = this.heldUp.number(), replies = 1): Traveller {
    return {
      ...{ router: this.followed, sender: quiet(sender), heldUp: this.heldUp, order, replies },
      ...{ deadline: performance.now() + this.timeout, laneTo: this.laneTo.bind(this) },
    };
  }

  /** The node that owns the slot of a key. */
  nodeOf(key: string): PlayedNode {
    return this.router.nodeOf(slotOf(key)) as PlayedNode;
  }

  /** Returns so many keys of a node. */
  keysOf(node: number, count: number): string[] {
    const keys: string[] = [];
    for (let at = 0; keys.length < count; at++) {
      if (this.nodeOf(`k${at}`) === this.nodes[node]) keys.push(`k${at}`);
    }
    return keys;
  }

  laneTo(node: RoutedNode): SharedLane {
    let lane = this.#lanes.get(node);
    if (lane === undefined) {
      lane = new SharedLane({
        open: () => Promise.resolve((node as PlayedNode).open()),
        place: node.address,
        ...{ cache: this.cache, budget: this.budget, long: this.long },
      });
      this.#lanes.set(node, lane);
    }
    return lane;
  }

  /** Sends commands as one batch. */
  start(commands: readonly (readonly string[])[], sender: Sender = anybody()) {
    return this.batches.pass(batchOf(commands), "shared", 2, sender);
  }

  /** Sends commands as one batch, and returns what the client gets. */
  async pass(commands: readonly (readonly string[])[], sender?: Sender): Promise<string> {
    return await textOf(await this.start(commands, sender));
  }

  [Symbol.dispose](): void {
    this.batches.close();
    for (const lane of this.#lanes.values()) lane.close();
  }
}

/** A batch for a cluster. */
export function batchOf([first, ...others]: readonly (readonly string[])[]): Passable {
  const list = (words: readonly string[]) => ({
    count: words.length,
    string: (at: number) => words[at]!,
  });
  const bytes = (words: readonly string[]) => Buffer.from(request(...words), "latin1");
  const spec = (words: readonly string[]) => PLAYED_COMMANDS.find(list(words))!;
  const alone = new Passable(bytes(first!), spec(first!), list(first!));
  const slot = slotIn(spec(first!), list(first!), alone.written.keys)!;
  const batch = new RoutedBatch(alone, slot);
  for (const words of others) {
    const { length } = bytes(words);
    if (!batch.add(spec(words), list(words), length)) throw new Error(`Cannot add ${words}`);
  }
  return batch.request(Buffer.concat(others.map(bytes)));
}

/** What the client gets: the bytes, and "(cut)" if it is disconnected behind them. */
export async function textOf(passed: Passed): Promise<string> {
  if (passed instanceof Uint8Array) return Buffer.from(passed).toString("latin1");
  if (!(passed instanceof ReplyStream)) return String(passed);
  let text = "";
  for (let part = await passed.next(); part !== null; part = await passed.next()) {
    text += Buffer.from(part).toString("latin1");
  }
  return passed.isCut ? `${text}(cut)` : text;
}
