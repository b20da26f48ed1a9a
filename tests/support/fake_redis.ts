/**
 * A Redis in memory that answers requests as a test says.
 *
 * @module
 */
import { turn } from "../../src/core/event_loop.ts";
import { Buffer } from "node:buffer";
import { Connection } from "../../src/origin/wire/connection.ts";
import { MemoryConn } from "./memory_conn.ts";

/** Gives the reply to a request, as text with a code unit for each byte; "" says nothing. */
export type Answerer = (words: readonly string[]) => string;

/** The server's side of a connection. */
export class FakeRedis extends MemoryConn {
  /** The requests so far, each as its words with spaces between. */
  readonly requests: string[] = [];
  #text = "";

  constructor(public answer: Answerer) {
    super();
  }

  override async write(bytes: Uint8Array): Promise<number> {
    const count = await super.write(bytes);
    this.#text += Buffer.from(bytes.subarray(0, count)).toString("latin1");
    for (let words = this.#take(); words !== null; words = this.#take()) {
      this.requests.push(words.join(" "));
      const reply = this.answer(words);
      if (reply !== "") this.send(reply);
    }
    return count;
  }

  /** The next request that has come whole: an array of bulk strings. */
  #take(): string[] | null {
    const count = /^\*(\d+)\r\n/.exec(this.#text);
    if (count === null) return null;
    const words: string[] = [];
    let at = count[0].length;
    while (words.length < Number(count[1])) {
      const head = /^\$(\d+)\r\n/.exec(this.#text.slice(at, at + 20));
      if (head === null) return null;
      at += head[0].length;
      words.push(this.#text.slice(at, at + Number(head[1])));
      at += Number(head[1]) + 2;
    }
    if (at > this.#text.length) return null;
    this.#text = this.#text.slice(at);
    return words;
  }
}

/** A connection to a Redis that answers like this. */
export function connectTo(answer: Answerer) {
  const redis = new FakeRedis(answer);
  const connection = new Connection(redis);
  return { redis, connection, [Symbol.dispose]: () => connection.close("the test is over") };
}

/** Until all that can happen by now has happened. Work that yields its turn ends, too. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(() => setTimeout(resolve)));
  await turn();
}

export const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
