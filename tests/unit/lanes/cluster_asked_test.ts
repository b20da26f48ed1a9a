// Requests that a node sends on with ASK: the client gets their own replies, and nothing else.
import { assert, assertEquals } from "@std/assert";
import { slotOf } from "../../../src/core/slot.ts";
import { HANG_UP } from "../../../src/core/reply_stream.ts";
import { type Sender } from "../../../src/lanes/passing.ts";
import { travel } from "../../../src/lanes/cluster/journey.ts";
import { request } from "../../support/client.ts";
import { LOSE, PlayedCluster, textOf } from "../../support/played_cluster.ts";
import { changed } from "../../support/lane_rig.ts";

/** A test at whose end a connection may still be giving others a turn (`turn()`). */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false });
}

/** The sizes around the memory of one read, and some that need several. */
const SIZES = [0, 10, 65_519, 65_520, 65_521, 65_531, 65_535, 65_536, 65_537, 131_072, 1 << 20];

/** A cluster in which the slot of the returned key moves from the first node to the third. */
function moving() {
  const it = new PlayedCluster();
  const [key = ""] = it.keysOf(0, 1);
  const [source, , target] = it.nodes;
  const error = `-ASK ${slotOf(key)} ${target!.name}\r\n`;
  source!.play = ([name, one]) => {
    if (one !== key) return undefined;
    return name === "EXEC" ? `+OK\r\n${error}-EXECABORT Discarded\r\n` : error;
  };
  target!.play = ([, name], isAsking) =>
    name === key && !isAsking ? `-MOVED ${slotOf(key)} ${source!.name}\r\n` : undefined;
  return { it, key, target: target! };
}

function aClient(): Sender {
  return { isCut: false, isCausal: false, onLong() {}, onDone() {} };
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** Sends a request alone, as one that is no part of a batch. */
function alone(
  it: PlayedCluster,
  words: string[],
  replies = 1,
  rewrite?: (reply: string) => string,
) {
  const passable = changed(rewrite ?? null, ...words);
  const traveller = it.traveller(aClient(), 0, replies);
  return travel(traveller, passable, slotOf(words[1]!), null);
}

test("a reply of any size to a command that ASK sends on comes without the reply to ASKING", async () => {
  for (const size of SIZES) {
    const { it, key, target } = moving();
    using _ = it;
    const value = "x".repeat(size);
    target.values.set(key, value);
    assertEquals(await textOf(await alone(it, ["GET", key])) === bulk(value), true, `${size}`);
    const batch = await it.pass([["GET", key], ["GET", `${key}x`], ["GET", key]], aClient());
    assert(!it.long.has(new TextEncoder().encode(request("GET", key))));
    assertEquals(batch === `${bulk(value)}$-1\r\n${bulk(value)}`, true, `${size} in a batch`);
  }
});

test("several replies, long and short ones, come without the reply to ASKING", async () => {
  for (const size of SIZES) {
    const { it, key, target } = moving();
    using _ = it;
    const value = "x".repeat(size);
    const replies = `+OK\r\n+QUEUED\r\n*1\r\n${bulk(value)}`;
    target.play = (_, isAsking) => isAsking ? replies : "-ERR no ASKING\r\n";
    assertEquals(await textOf(await alone(it, ["EXEC", key], 3)) === replies, true, `${size}`);
  }
});

test("the reply to ASKING is left out wherever replies are cut", async () => {
  for (let chunk = 1; chunk < 16; chunk++) {
    const { it, key, target } = moving();
    using _ = it;
    target.chunk = chunk;
    target.values.set(key, "value");
    assertEquals(await textOf(await alone(it, ["GET", key])), bulk("value"));
    target.play = () => "+OK\r\n+QUEUED\r\n*1\r\n+one\r\n";
    assertEquals(
      await textOf(await alone(it, ["EXEC", key], 3)),
      "+OK\r\n+QUEUED\r\n*1\r\n+one\r\n",
    );
  }
});

test("a reply that is changed for its client is changed without the reply to ASKING", async () => {
  const { it, key, target } = moving();
  using _ = it;
  target.values.set(key, "value");
  const seen: string[] = [];
  const rewrite = (reply: string) => {
    seen.push(reply);
    if (reply.startsWith("-")) return reply;
    return "+changed\r\n";
  };
  assertEquals(await textOf(await alone(it, ["GET", key], 1, rewrite)), "+changed\r\n");
  assertEquals(seen.at(-1), bulk("value"));
});

test("a command whose connection is lost behind the reply to ASKING is asked again if it is a read", async () => {
  for (const name of ["GET", "APPEND"]) {
    const { it, key, target } = moving();
    using _ = it;
    target.values.set(key, "value");
    const { play } = target;
    let count = 0;
    target.play = (words, isAsking) => count++ === 0 ? LOSE : play(words, isAsking);
    const passed = await alone(it, [name, key, "x"]);
    if (name === "GET") assertEquals(await textOf(passed), bulk("value"));
    else assertEquals(passed, HANG_UP);
    assertEquals(target.values.get(key), "value");
  }
});
