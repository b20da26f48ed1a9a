/**
 * A request that passes to Redis, with everything that its reply needs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CommandSpec, Words } from "../commands/spec.ts";
import { type Written, writtenBy } from "../commands/keys.ts";
import { isBlocking } from "../commands/route.ts";
import type { BatchParts } from "./cluster/batch_parts.ts";
import { SUBSCRIPTIONS } from "./connection_state.ts";

/** Changes a reply before it is passed on. Replies are text of code units 0 to 255. */
export type Rewrite = (reply: string) => string;

export class Passable {
  /**
   * Its name in Redis's table, in lower case: `client|tracking`. Unknown commands keep their name.
   */
  readonly name: string;
  /** Its first option in lower case, if its effect on the connection depends on it. */
  readonly option: string;
  readonly written: Written;
  /** The number of channels that it names, if it subscribes or unsubscribes; 0 if it is unknown. */
  readonly channels: number;
  /** Whether it may be sent again after its connection is lost, because it changes nothing. */
  readonly isRepeatable: boolean;

  /** Whether it may wait for other clients, unless a transaction queues it. */
  readonly mayBlock: boolean;

  /** The slot of its keys in a cluster, if it was worked out before its bytes came. */
  slot: number | null = null;

  /**
   * Whether it is several commands that do not belong together. Each has its own effect and reply.
   */
  isBatch = false;

  /** In a cluster, the commands of a batch; null for any other request. */
  parts: BatchParts | null = null;

  /** Called when Redis has answered, before the reply is passed on. */
  onAnswer: ((isError: boolean) => void) | null = null;

  /** @param bytes The request as the client sent it. They must not change. */
  constructor(
    readonly bytes: Uint8Array,
    readonly spec: CommandSpec | undefined,
    words: Words,
    /** Changes the reply before it is passed on; null to pass it unchanged. */
    readonly rewrite: Rewrite | null = null,
    /** The keys that it may change, if its words do not say so. */
    written: Written = writtenBy(spec, words),
  ) {
    this.name = spec?.name ?? words.string(0, 64).toLowerCase();
    this.option = OPTIONED.has(this.name) ? optionOf(this.name, words) : "";
    this.written = written;
    this.channels = SUBSCRIPTIONS.has(this.name) && bytes.length > 0 ? words.count - 1 : 0;
    this.mayBlock = spec !== undefined && (isBlocking(spec, words) || WAITS.has(spec.name));
    this.isRepeatable = spec !== undefined && spec.flags.has("readonly") &&
      !spec.flags.has("blocking") && this.written.keys.length === 0 &&
      this.written.beyond === "nothing";
  }

  /** Returns the same request with other bytes, such as those of the transaction that it ends. */
  withBytes(bytes: Uint8Array, written: Written): Passable {
    const words = { count: 1, string: () => this.name };
    return new Passable(bytes, this.spec, words, this.rewrite, written);
  }

  /** Returns a complete reply as the client gets it. */
  rewritten(reply: Uint8Array): Uint8Array {
    if (this.rewrite === null) return reply;
    return Buffer.from(this.rewrite(Buffer.from(reply).toString("latin1")), "latin1");
  }
}

/** Commands that wait for replicas. */
export const WAITS: ReadonlySet<string> = new Set(["wait", "waitaof"]);

/** Commands whose effect on the connection depends on their first option. */
const OPTIONED = new Set(["client|tracking", "select", "hello", "client|reply"]);

function optionOf(name: string, words: Words): string {
  const at = name.includes("|") ? 2 : 1;
  return words.count > at ? words.string(at, 64).toLowerCase() : "";
}
