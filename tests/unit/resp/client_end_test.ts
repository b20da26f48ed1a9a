// Redis executes nothing of a client after QUIT, CLIENT KILL of itself, a protocol error or the end of
// its side, whatever comes and when. So no command behind one of these may reach Redis.
import { assertEquals } from "@std/assert";
import { request } from "../../support/client.ts";
import { settled } from "../../support/fake_redis.ts";
import { ServedClient } from "../../support/served_client.ts";

/** A Redis with one client. BLPOP blocks, and commands of a transaction are queued. */
function redisOf() {
  let [isQueueing, isSubscribing] = [false, false];
  return ([name, ...rest]: readonly string[]): string => {
    switch (name!.toUpperCase()) {
      case "MULTI":
        isQueueing = true;
        return "+OK\r\n";
      case "EXEC":
        isQueueing = false;
        return isSubscribing ? "*1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n" : "*0\r\n";
      case "DISCARD":
        isQueueing = false;
        return "+OK\r\n";
      case "SUBSCRIBE":
        isSubscribing = true;
        return isQueueing ? "+QUEUED\r\n" : "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
      case "BLPOP":
        return isQueueing ? "+QUEUED\r\n" : "";
      case "CLIENT":
        return ":0\r\n";
      default:
        if (isQueueing) return "+QUEUED\r\n";
        return rest[0] === "slow" ? "" : "+OK\r\n";
    }
  };
}

const SET = request("SET", "k", "v");

/** The commands that Redis must not have got. */
const late = (client: ServedClient) => client.executed.filter((line) => line.startsWith("SET k"));

const STATES: Readonly<Record<string, readonly string[]>> = {
  "without state": ["SET a 1"],
  "that watches keys": ["WATCH a"],
  "in a transaction": ["MULTI", "SET a 1"],
  "that has subscribed": ["SUBSCRIBE c"],
  "that has subscribed in a transaction": ["MULTI", "SUBSCRIBE c", "EXEC"],
  "that wants no replies": ["WATCH a", "CLIENT REPLY OFF"],
  "that wants no next reply": ["WATCH a", "CLIENT REPLY SKIP"],
};

const ENDS: Readonly<Record<string, (id: string) => string>> = {
  QUIT: () => request("QUIT"),
  "CLIENT KILL of itself": (id) => request("CLIENT", "KILL", "ID", id, "SKIPME", "no"),
  "a protocol error": () => "*1\r\nfoo\r\n",
};

for (const [state, lines] of Object.entries(STATES)) {
  for (const [end, requestOf] of Object.entries(ENDS)) {
    // Redis queues or refuses it there.
    if (end.startsWith("CLIENT") && /transaction|subscribed/.test(state)) continue;
    Deno.test(`nothing behind ${end} of a client ${state} reaches Redis`, async () => {
      for (const isAtOnce of [true, false]) {
        await using client = new ServedClient(redisOf());
        await client.send("CLIENT ID");
        const [, id] = /^:(\d+)\r\n$/.exec(client.received)!;
        const before = lines.map((line) => request(...line.split(" "))).join("");
        const last = requestOf(id!);
        if (isAtOnce) {
          await client.sendText(before + last + SET);
        } else {
          await client.sendText(before);
          client.conn.send(last.slice(0, -1));
          await settled();
          client.conn.send(last.slice(-1) + SET.slice(0, 5));
          client.conn.send(SET.slice(5));
          await settled();
          client.conn.send(SET);
        }
        await client.sendText(SET);
        assertEquals([late(client), client.conn.isWriteClosed], [[], true], client.received);
      }
    });
  }
}

Deno.test("a client whose own connection Redis has ended is closed, and nothing of it is executed any more", async () => {
  for (const state of [["MULTI"], ["WATCH a"], ["MULTI", "EVAL x 0"], ["BLPOP l 0"]]) {
    await using client = new ServedClient(redisOf());
    await client.send(...state);
    const redis = client.connectionOf(state[0]!);
    // What the last commands have changed is not known at once, and the client sends meanwhile.
    const fence = Promise.withResolvers<boolean>();
    client.cache.fenced = fence.promise;
    redis.end();
    client.conn.send(SET);
    await settled();
    await client.sendText(SET);
    fence.resolve(true);
    await client.rest();
    assertEquals([late(client), client.conn.isClosed], [[], true], state.join());
  }
});

/** Requests that wait for the answers to all before them. */
const WAITING = ["RESET", "HELLO 2", "QUIT", "CLIENT KILL ID 1"];

Deno.test("nothing behind a command that blocks is executed once the client has ended its side", async () => {
  for (const line of WAITING) {
    await using client = new ServedClient(redisOf());
    await client.send("WATCH a", "BLPOP l 0", line, "SET k v");
    const redis = client.connectionOf("BLPOP l 0");
    const isSent = late(client).length > 0; // Then Redis itself drops it.
    await client.end();
    assertEquals(redis.isWriteClosed, true, `Redis does not know of the end before ${line}`);
    redis.send("*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
    redis.end();
    await client.rest();
    assertEquals([isSent || late(client).length === 0, client.conn.isClosed], [true, true], line);
  }
});

Deno.test("a client that ends its side before an element for BLPOP arrives gets all replies", async () => {
  for (const line of ["RESET", "HELLO 2", "CLIENT KILL ID 1"]) {
    await using client = new ServedClient(redisOf());
    client.isBlocked = false;
    await client.send("WATCH a", "BLPOP l 0", line, "SET k v");
    const redis = client.connectionOf("BLPOP l 0");
    await client.end();
    assertEquals([redis.isWriteClosed, late(client)], [false, []], line);
    redis.send("*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
    await client.rest();
    assertEquals([late(client), client.conn.isClosed], [["SET k v"], true], line);
  }
});

Deno.test("a client that ends its side gets all replies, if no command before them blocks", async () => {
  for (const line of WAITING.filter((one) => one !== "QUIT")) {
    await using client = new ServedClient(redisOf());
    await client.send("MULTI", "BLPOP l 0", "DISCARD", "WATCH slow", line, "SET k v");
    const redis = client.connectionOf("WATCH slow");
    await client.end();
    assertEquals([redis.isWriteClosed, client.conn.isClosed], [false, false], line);
    redis.send("+OK\r\n");
    await client.rest();
    assertEquals(late(client), ["SET k v"], line);
    assertEquals(client.conn.isClosed, true, line);
  }
});

Deno.test("a client that ends its side in the middle of a large request gets the replies before it", async () => {
  for (const line of ["EVAL slow 0", "BLPOP l 0"]) {
    await using client = new ServedClient(redisOf());
    const large = request("SET", "large", "v".repeat(200_000));
    await client.send("WATCH a", line);
    await client.sendText(large.slice(0, 100_000));
    const redis = client.connectionOf(line);
    await client.end();
    // Redis must know at once if it blocks, and not before its reply if it does not.
    assertEquals(redis.isWriteClosed, line.startsWith("BLPOP"), line);
    redis.send(":7\r\n");
    await client.rest();
    assertEquals(redis.isWriteClosed, true, line);
    redis.end();
    await client.rest();
    assertEquals(client.received, "+OK\r\n:7\r\n", line);
    assertEquals(client.conn.isClosed, true, line);
  }
});

Deno.test("CLIENT KILL waits until the commands before it are executed", async () => {
  await using client = new ServedClient(redisOf());
  await client.send("WATCH slow", "CLIENT KILL ID 1", "SET k v");
  const isKill = (line: string) => line.startsWith("CLIENT KILL");
  const kills = () => client.redis.flatMap(({ requests }) => requests.filter(isKill)).length;
  assertEquals([kills(), late(client)], [0, []]);
  client.connectionOf("WATCH slow").send("+OK\r\n");
  await client.rest();
  assertEquals([kills() > 0, late(client)], [true, ["SET k v"]]);
});
