/**
 * CLIENT KILL. Most clients of the proxy have no private connection to Redis, so the proxy ends
 * them itself. Redis ends the clients of other programs. The proxy's own connections are spared,
 * unless their id or address is given.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure } from "../core/types.ts";
import type { NamedClient } from "../lanes/client_ids.ts";
import type { ClientLane } from "../lanes/client_lane.ts";
import { Passable } from "../lanes/passable.ts";
import type { Output } from "../server/output.ts";
import type { ClientRequest } from "../server/protocol.ts";
import { type ClientFilter, fieldOf, filterOf, namesOne, takesIn } from "./client_filter.ts";
import { request, wordsOf } from "./parse/arguments.ts";
import { encode, integer, simple } from "./replies.ts";
import { writeFailure } from "./requests/answers.ts";
import type { Session } from "./session.ts";

/**
 * An address that no client has: with it, Redis checks the other words and the rights, and kills
 * nobody.
 */
const NOBODY = ["LADDR", "redis-proxy:0"];

/** The names of the proxy's own connections. */
const OWN_NAME = /^redis-proxy(-|$)/;

/** The reply of Redis as text, or the reason why there is none. */
type Answer = string | Failure;

export class KillRequest implements ClientRequest {
  readonly way = "control";
  /** Whether it ends its own client, after the reply. */
  readonly last: boolean;
  readonly #killed: readonly NamedClient[];

  /** @param words The words after CLIENT KILL. */
  constructor(
    readonly lane: ClientLane,
    readonly session: Session,
    readonly filter: ClientFilter,
    readonly words: readonly string[],
  ) {
    this.#killed = matching(filter, session);
    this.last = this.#killed.includes(session);
  }

  async read(): Promise<Uint8Array | Failure> {
    const answer = await this.#answer();
    return answer instanceof Failure ? answer : encode(answer);
  }

  async #answer(): Promise<Answer> {
    const { filter, words } = this;
    const checked = await this.#ask("CLIENT", "KILL", ...checkOf(filter, words));
    if (checked !== ":0\r\n") return checked;
    const isHere = this.#killed.length > 0;
    if (namesOne(filter) && !isHere) return await this.#ask("CLIENT", "KILL", ...words);
    for (const client of this.#killed) if (client !== this.session) client.kill();
    const elsewhere = namesOne(filter) ? 0 : await this.#killElsewhere();
    return replyOf(filter, this.#killed.length + elsewhere);
  }

  reply(output: Output, answer: Uint8Array | Failure): void {
    if (answer instanceof Failure) writeFailure(output, answer);
    else output.bytes(answer);
  }

  /** Kills clients of Redis that do not belong to this proxy; returns how many. */
  async #killElsewhere(): Promise<number> {
    const list = await this.#ask("CLIENT", "LIST");
    if (typeof list !== "string") return 0;
    const { ids } = this.lane.lanes;
    let killed = 0;
    for (const line of list.match(/^id=.*$/gm) ?? []) {
      const id = fieldOf(line, "id");
      const isOurs = OWN_NAME.test(fieldOf(line, "name")) || ids.toldOf(id) !== id;
      if (isOurs || !takesIn(this.filter, line)) continue;
      if (await this.#ask("CLIENT", "KILL", "ID", id) === ":1\r\n") killed++;
    }
    return killed;
  }

  async #ask(...words: string[]): Promise<Answer> {
    const spec = this.lane.lanes.table.find(wordsOf(words));
    const bytes = encode(request(words));
    // A reply that is rewritten comes in one piece, even if it is long.
    const passable = new Passable(bytes, spec, wordsOf(words), (reply) => reply);
    const passed = await this.lane.ask(passable);
    if (passed instanceof Uint8Array) return latin1(passed);
    return passed instanceof Failure
      ? passed
      : new Failure("away", "Redis is away: the connection was lost before the reply");
  }
}

/**
 * The request that Redis gets instead from a client with a private connection, so that it checks
 * the client's rights.
 */
export interface CheckedKill {
  readonly words: readonly string[];
  /** Changes the reply, and kills if Redis permits it. */
  readonly rewrite: (reply: string) => string;
  /** Whether it has killed its own client, which still gets the reply. */
  readonly ends: () => boolean;
}

/**
 * Returns how to kill clients of the proxy in the name of another user; null if the filter names
 * none.
 */
export function checkedKill(words: readonly string[], session: Session): CheckedKill | null {
  const filter = filterOf(words);
  if (filter === null || !namesOne(filter)) return null;
  const killed = matching(filter, session);
  if (killed.length === 0) return null;
  let hasEnded = false;
  return {
    words: ["CLIENT", "KILL", ...checkOf(filter, words)],
    rewrite(reply) {
      if (reply !== ":0\r\n") return reply;
      for (const client of killed) {
        if (client === session) hasEnded = true;
        else client.kill();
      }
      return replyOf(filter, killed.length);
    },
    ends: () => hasEnded,
  };
}

function checkOf({ isOld }: ClientFilter, words: readonly string[]): string[] {
  return [...(isOld ? ["ADDR", ...words] : words), ...NOBODY];
}

/** Returns the clients of the proxy that a filter matches. */
function matching(filter: ClientFilter, session: Session): NamedClient[] {
  const all = session.context.lanes!.ids.all;
  return all.filter((client) =>
    !(filter.skipsMe && client === session) && takesIn(filter, client.describe())
  );
}

function replyOf({ isOld }: ClientFilter, killed: number): string {
  return isOld ? simple("OK") : integer(killed);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
