/**
 * Conversations of several clients with a server, step by step. The replies of two servers must be
 * equal byte for byte.
 *
 * @module
 */
import { Client, request } from "../differential/replies.ts";

/** The words that the client with this number sends. Without words, it waits for one more frame. */
export type Step = readonly [client: number, ...words: string[]];

export interface Conversation {
  /** The subject, in plain words. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** Parts of the replies that differ on any two servers; they are not compared. */
  readonly mask?: RegExp;
  /** The only version of the protocol to try; absent for both. */
  readonly version?: 2 | 3;
}

/** Words with blanks between them. */
export function step(client: number, line: string): Step {
  return [client, ...line.split(" ")];
}

/** Steps of one client, one per line. */
export function lines(text: string, client = 0): Step[] {
  return text.trim().split("\n").map((line) => step(client, line.trim()));
}

/**
 * Holds a conversation, and returns each step with its replies as text of code units 0 to 255.
 *
 * Each step is answered before the next begins. A subscription has as many frames as channels.
 */
export async function lead(
  port: number,
  { steps, mask }: Conversation,
  version: 2 | 3,
): Promise<string[]> {
  const clients = new Map<number, Client>();
  const log: string[] = [];
  try {
    for (const [number, ...words] of steps) {
      let client = clients.get(number);
      if (client === undefined) {
        clients.set(number, client = await Client.connect(port));
        await client.send(request(version === 3 ? ["HELLO", "3"] : ["PING"]));
        await client.frame();
      }
      if (words.length > 0) await client.send(request(words));
      let seen = "";
      for (let left = framesOf(words); left > 0; left--) seen += (await client.frame()).text;
      const text = mask === undefined ? seen : seen.replaceAll(mask, "#");
      log.push(`${number}> ${words.join(" ").slice(0, 60)}\n${JSON.stringify(text)}`);
    }
    return log;
  } finally {
    for (const client of clients.values()) client.close();
  }
}

/** The number of frames that answer a request, or that a step without words waits for. */
function framesOf([name = "", ...rest]: readonly string[]): number {
  if (/^client reply (off|skip)$/i.test([name, ...rest].join(" "))) return 0;
  return /^[ps]?(un)?subscribe$/i.test(name) ? Math.max(1, rest.length) : 1;
}
