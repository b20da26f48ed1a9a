/**
 * Mutated requests against a running proxy. It must not crash, hang or send malformed replies, and
 * must serve both protocols meanwhile. The seed determines all requests.
 *
 * @module
 */
import { RawClient, request } from "./client.ts";
import { FRAMES, INLINE, OPEN_CASES } from "./parity_cases.ts";
import { isReplies } from "./replies.ts";
import { random } from "./wire.ts";

/** Requests between two checks that both protocols are served. */
export const ROUND = 1000;

/** Requests on one connection, unless the server ends it earlier. */
const PER_CLIENT = 4;

/** Concurrent connections. */
const CLIENTS = 8;

const CORPUS: readonly string[] = [
  ...OPEN_CASES.map(({ send }) => send).filter((send) => send.length < 3000),
  // Malformed requests are more likely to find faults, so they are listed twice.
  ...[...FRAMES, ...INLINE].map(({ send }) => send).filter((send) => send.length < 3000),
  "GET /key HTTP/1.1\r\nHost: h\r\n\r\n",
  "HEAD /key HTTP/1.0\r\n\r\n",
  "POST /key HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
];

const PIECES = ["\r\n", "\n", "\0", "*", "$", "-1", "0", "99999999999999999999", '"', "'", "\xff"]
  .concat("*1\r\n", "*-1\r\n", "$0\r\n\r\n", "+", ":", "%", "~", "_\r\n", " HTTP/1.1\r\n");

/** A request of the corpus, usually with a few changes. */
export function mutated(next: () => number): string {
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)]!;
  let text = pick(CORPUS);
  for (let changes = Math.floor(next() * 4); changes > 0; changes--) {
    const at = Math.floor(next() * (text.length + 1));
    const end = at + Math.floor(next() ** 4 * 50);
    const before = text.slice(0, at);
    switch (Math.floor(next() * 6)) {
      case 0:
        text = before + String.fromCharCode(Math.floor(next() * 256)) + text.slice(at + 1);
        break;
      case 1:
        text = before + pick(PIECES) + text.slice(at);
        break;
      case 2:
        text = before + text.slice(end);
        break;
      case 3:
        text = before + text.slice(at, end).repeat(2) + text.slice(end);
        break;
      case 4:
        text = before + pick(CORPUS).slice(0, end - at + 20) + text.slice(at);
        break;
      case 5:
        text = before;
    }
  }
  return text;
}

/** Sends a thousand mutated requests, then checks that both protocols are served. */
export async function fuzzRound(port: number, seed: number): Promise<void> {
  const next = random(seed);
  const batches = Array.from({ length: ROUND / PER_CLIENT }, () => {
    const requests = Array.from({ length: PER_CLIENT }, () => mutated(next));
    return { requests, isSlow: next() < 0.1 };
  });
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const { requests, isSlow } = batch;
      try {
        await converse(port, requests, isSlow);
      } catch (error) {
        throw new Error(`Seed ${seed}: ${JSON.stringify(requests)}`, { cause: error });
      }
    }
  }));
  await expectServed(port);
}

/** Sends the requests one by one or all at once, and reads replies until the end. */
async function converse(port: number, requests: readonly string[], isSlow: boolean) {
  using client = await RawClient.connect(port);
  const send = async () => {
    if (isSlow) { for (const one of requests) await client.send(one); }
    else await client.send(requests.join(""));
    await client.conn.closeWrite();
  };
  // The server may end the connection before everything is sent.
  const [text] = await Promise.all([client.rest(), send().catch(() => {})]);
  if (!text.startsWith("HTTP/1.1 ") && !isReplies(text)) {
    throw new Error(`No replies of RESP: ${JSON.stringify(text)}`);
  }
}

async function expectServed(port: number): Promise<void> {
  using resp = await RawClient.connect(port);
  await resp.send(request("GET", "str") + request("QUIT"));
  const value = await resp.rest();
  using http = await RawClient.connect(port);
  await http.send("GET /str HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const reply = await http.rest();
  if (value !== "$11\r\nhello world\r\n+OK\r\n" || !/^HTTP\/1\.1 200 .*hello world$/s.test(reply)) {
    throw new Error(`Not served any more: ${value} ${reply}`);
  }
}
