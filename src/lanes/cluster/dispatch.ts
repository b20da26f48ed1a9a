/**
 * Sends one request of a client into a cluster: to one node, in parts to several, or to all of them,
 * and makes one reply of theirs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { HANG_UP } from "../../core/reply_stream.ts";
import { Failure } from "../../core/types.ts";
import type { CommandTable } from "../../commands/table.ts";
import { parseReply, type Reply } from "../../origin/wire/reply.ts";
import type { Passable } from "../passable.ts";
import type { Passed } from "../passing.ts";
import { CLIENT_COMMANDS, passClientCommand } from "./clients.ts";
import { encode, type Join, joined, valuesOf } from "./joins.ts";
import { NO_NODE } from "./journey.ts";
import { type Plan, planOf, slotsOf } from "./plan.ts";
import { requestsIn, requestWith } from "./requests.ts";
import type { RoutedNode, Router } from "./router.ts";
import { nextCursor, placeOfCursor } from "./scan.ts";

/** Redis's own words. */
const CROSSSLOT = "CROSSSLOT Keys in request don't hash to the same slot";

const MINUS = 0x2d;

/** Sends a request, or a part of one, to the node of its slot, to any node, or to the given one. */
export type Send = (request: Passable, slot: number | null, node?: RoutedNode) => Promise<Passed>;

export class Dispatch {
  constructor(readonly router: Router, readonly table: CommandTable, readonly send: Send) {}

  async run(request: Passable, version: 2 | 3): Promise<Passed> {
    const requests = requestsIn(request.bytes);
    if (request.isBatch) return await this.#batch(requests, version);
    if (requests.length > 1) return await this.#transaction(request, requests);
    const [words] = requests as [string[]];
    if (CLIENT_COMMANDS.has(request.name) && words.length > 1) {
      return await this.#clients(request, words);
    }
    const plan = planOf(request.spec, words);
    switch (plan.kind) {
      case "any":
        return await this.send(request, null);
      case "slot":
        return await this.send(request, plan.slot);
      case "crossslot":
        return bytesOf(`-${CROSSSLOT}\r\n`);
      case "all":
        return await this.#all(request, plan.join);
      case "split":
        return await this.#split(request, plan, version);
      case "scan":
        return await this.#scan(request, words);
    }
  }

  /** A batch that was made before the server turned out to be a node of a cluster. */
  async #batch(requests: readonly string[][], version: 2 | 3): Promise<Passed> {
    const passed = await Promise.all(requests.map((words) => {
      const spec = this.table.find({ count: words.length, string: (at) => words[at]! });
      return this.run(requestWith(spec, words), version);
    }));
    if (passed.every((one) => one instanceof Uint8Array)) return Buffer.concat(passed);
    // If some were executed, no error may stand for all of them.
    return passed.every((one) => one instanceof Failure) ? passed[0]! : HANG_UP;
  }

  async #clients(request: Passable, words: readonly string[]): Promise<Passed> {
    const { owners } = this.router;
    if (owners.length === 0) return NO_NODE;
    return await passClientCommand(
      request,
      words,
      owners,
      (one, node) => this.send(one, null, node),
    );
  }

  async #all(request: Passable, join: Join): Promise<Passed> {
    const { owners } = this.router;
    if (owners.length === 0) return NO_NODE;
    const whole = requestWith(request.spec, requestsIn(request.bytes)[0]!);
    return together(await Promise.all(owners.map((node) => this.send(whole, null, node))), join);
  }

  async #split(
    { spec }: Passable,
    { parts, join }: Plan & { readonly kind: "split" },
    version: 2 | 3,
  ): Promise<Passed> {
    const sent = parts.map(({ words, slot }) => this.send(requestWith(spec, words), slot));
    return together(await Promise.all(sent), join === "values" ? valuesOf(parts, version) : join);
  }

  /** SCAN goes from master to master. The cursor says which one is next. */
  async #scan(request: Passable, words: readonly string[]): Promise<Passed> {
    const { owners } = this.router;
    if (owners.length === 0) return NO_NODE;
    const place = placeOfCursor(words[1] ?? "", owners);
    if (place === null) return await this.send(request, null); // Redis knows the error.
    const { node, cursor } = place;
    const own = requestWith(request.spec, [words[0]!, cursor, ...words.slice(2)]);
    const passed = await this.send(own, null, node);
    if (!(passed instanceof Uint8Array) || passed[0] === MINUS) return passed;
    const [next, keys] = parseReply(passed) as [string, Reply[]];
    return bytesOf(encode([nextCursor(next, node, owners), keys]));
  }

  /** A transaction in one piece: all of its keys must have one slot. */
  async #transaction(
    request: Passable,
    requests: readonly string[][],
  ): Promise<Passed> {
    const slots = new Set(requests.flatMap((words) => {
      const spec = this.table.find({ count: words.length, string: (at) => words[at]! });
      return spec === undefined ? [] : slotsOf(spec, words);
    }));
    if (slots.size <= 1) return await this.send(request, [...slots][0] ?? null);
    const queued = "+QUEUED\r\n".repeat(requests.length - 2);
    const end = `-EXECABORT Transaction discarded because of: ${CROSSSLOT}\r\n`;
    return bytesOf(`+OK\r\n${queued}${end}`);
  }
}

/** Makes one result of several. What is no reply is the result. */
function together(all: readonly Passed[], join: Join): Passed {
  const other = all.find((one) => !(one instanceof Uint8Array));
  return other ?? joined(all as Uint8Array[], join);
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
