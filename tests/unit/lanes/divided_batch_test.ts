// Batches in a cluster: commands of one node in one piece, replies in the order of the commands.
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { slotOf } from "../../../src/core/slot.ts";
import { ReplyStream } from "../../../src/core/reply_stream.ts";
import { Failure } from "../../../src/core/types.ts";
import { RoutedBatch } from "../../../src/lanes/cluster/batch.ts";
import type { Sender } from "../../../src/lanes/passing.ts";
import { request } from "../../support/client.ts";
import { settled } from "../../support/fake_socket.ts";
import { batchOf, HOLD, LOSE, PlayedCluster, textOf } from "../../support/played_cluster.ts";

type Words = readonly string[];

/** A test at whose end a connection may still be giving others a turn (`turn()`). */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false });
}

/** A client, and what it is told. */
function aClient() {
  const log: string[] = [];
  const client: Sender & { readonly log: string[] } = {
    ...{ isCut: false, isCausal: false, log },
    wrote: (master) => log.push(`wrote ${master}`),
    onLong: () => log.push("long"),
    onDone: () => log.push("done"),
  };
  return client;
}

/** Waits until something is true. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !isTrue(); turn++) await settled();
  assert(isTrue(), `${isTrue}`);
}

/** So many commands for the nodes in turn: every third one is a read. */
function mixed(it: PlayedCluster, count: number): Words[] {
  const keys = [0, 1, 2].map((node) => it.keysOf(node, 4));
  return Array.from({ length: count }, (_, at) => {
    const key = keys[at % 3]![at % 4]!;
    return at % 3 === 2
      ? ["GET", key]
      : at % 2 === 0
      ? ["APPEND", key, "x"]
      : ["SET", key, `${at}`];
  });
}

/** The replies of one Redis to these commands. */
function expected(commands: readonly Words[]): string[] {
  const values = new Map<string, string>();
  return commands.map(([name, key = "", value = ""]) => {
    const old = values.get(key);
    if (name === "GET") return old === undefined ? "$-1\r\n" : `$${old.length}\r\n${old}\r\n`;
    values.set(key, name === "SET" ? value : (old ?? "") + value);
    return name === "SET" ? "+OK\r\n" : `:${values.get(key)!.length}\r\n`;
  });
}

test("the commands of each node leave in one write, and the replies come in the order of all", async () => {
  for (const count of [2, 3, 5, 31, 32]) {
    using it = new PlayedCluster();
    const client = aClient();
    const commands = mixed(it, count);
    assertEquals(await it.pass(commands, client), expected(commands).join(""));
    for (const node of it.nodes) {
      const own = commands.filter(([, key]) => it.nodeOf(key!) === node);
      const wanted = own.map((words) => request(...words)).join("");
      assertEquals(node.sockets.map(({ written }) => written).join(""), wanted);
    }
    assertEquals(client.log.at(-1), "done");
    assertEquals(client.log.filter((one) => one === "done").length, 1);
    assertEquals(it.budget.bytes, 0);
  }
});

test("the replies stay whole wherever they are cut", async () => {
  for (let chunk = 1; chunk < 12; chunk++) {
    using it = new PlayedCluster();
    for (const node of it.nodes) node.chunk = chunk;
    const commands = mixed(it, 20);
    assertEquals(await it.pass(commands), expected(commands).join(""));
  }
});

test("the cache learns of each change before the client gets its reply", async () => {
  using it = new PlayedCluster();
  const commands = mixed(it, 9);
  const passing = it.start(commands);
  passing.then(() => it.cache.log.push("reply"));
  await passing;
  await settled();
  const written = commands.flatMap(([name, key]) => name === "GET" ? [] : [key!]);
  assertEquals(it.cache.log.at(-1), "reply");
  assertEquals(it.cache.log.slice(0, -1).toSorted(), written.toSorted());
});

const OTHER_PLACES = [0, 1, 2, 3, 4];

for (const kind of ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"]) {
  test(`${kind} of one command, at every place of a node's part, concerns this command alone`, async () => {
    await Promise.all(OTHER_PLACES.map(async (place) => {
      using it = new PlayedCluster();
      const client = aClient();
      const keys = [0, 1, 2].map((node) => it.keysOf(node, 5));
      const commands = Array.from({ length: 15 }, (_, at) => {
        return ["APPEND", keys[at % 3]![Math.floor(at / 3)]!, "x"];
      });
      const [source, target] = [it.nodes[1]!, it.nodes[2]!];
      const key = keys[1]![place]!;
      let refused = 0;
      const error = kind === "MOVED" || kind === "ASK"
        ? `-${kind} ${slotOf(key)} ${target.name}\r\n`
        : `-${kind} Not now\r\n`;
      source.play = ([, name]) => {
        const isOver = refused > 0 && kind !== "MOVED" && kind !== "ASK";
        if (name !== key || isOver) return undefined;
        refused++;
        return error;
      };
      target.play = ([, name], isAsking) => {
        if (name !== key) return undefined;
        assertEquals(isAsking, kind === "ASK");
        return undefined;
      };
      assertEquals(await it.pass(commands, client), ":1\r\n".repeat(15));
      const executed = it.nodes.flatMap((node) => node.executed);
      assertEquals(executed.toSorted(), commands.map((words) => words.join(" ")).toSorted());
      const isElsewhere = kind === "MOVED" || kind === "ASK";
      assert((isElsewhere ? target : source).executed.includes(`APPEND ${key} x`));
      assert(it.cache.log.includes(key));
      assert(client.log.includes(`wrote ${(isElsewhere ? target : source).name}`));
      assertEquals(client.log.filter((one) => one === "done").length, 1);
      assert(it.heldUp.isEmpty);
    }));
  });
}

for (const kind of ["MOVED", "ASK", "CLUSTERDOWN"]) {
  test(`commands for one key keep their order, however many of them get ${kind}`, async () => {
    await Promise.all([1, 2, 5].map(async (refusedKeys) => {
      using it = new PlayedCluster();
      const client = aClient();
      const [key = ""] = it.keysOf(0, 1);
      const target = it.nodes[2]!;
      let refused = 0;
      it.nodes[0]!.play = ([, name]) => {
        if (name !== key || (kind === "CLUSTERDOWN" && refused === 2 * refusedKeys)) return;
        refused++;
        return kind === "CLUSTERDOWN"
          ? "-CLUSTERDOWN The cluster is down\r\n"
          : `-${kind} ${slotOf(key)} ${target.name}\r\n`;
      };
      const part = (from: number) =>
        Array.from({ length: refusedKeys }, (_, at) => ["APPEND", key, `${from + at}`]);
      const first = it.pass(part(0), client);
      await settled();
      // The slot moves while the first ones are sent on or wait.
      const second = it.pass(part(refusedKeys), client);
      await Promise.all([first, second]);
      const node = kind === "CLUSTERDOWN" ? it.nodes[0]! : target;
      const wanted = Array.from({ length: 2 * refusedKeys }, (_, at) => `${at}`).join("");
      assertEquals(node.values.get(key), wanted);
      assert(it.heldUp.isEmpty);
    }));
  });
}

test("a command that no node can serve now does not let later ones for its slot overtake it", async () => {
  using it = new PlayedCluster();
  const client = aClient();
  const [key = "", other = ""] = it.keysOf(0, 2);
  it.moved.set(slotOf(key), null);
  const first = it.pass([["APPEND", key, "1"], ["APPEND", other, "1"]], client);
  await settled();
  it.moved.delete(slotOf(key));
  const second = it.pass([["APPEND", key, "2"], ["APPEND", other, "2"]], client);
  // Another client does not wait.
  assertEquals(await it.pass([["GET", key], ["GET", other]]), "$-1\r\n$2\r\n12\r\n");
  assertEquals([await first, await second], [":1\r\n:1\r\n", ":2\r\n:2\r\n"]);
  assertEquals(it.nodes[0]!.values.get(key), "12");
});

test("a command that cannot be served in time gets its error, and the others their replies", async () => {
  using it = new PlayedCluster(Infinity, 50);
  const client = aClient();
  const keys = [0, 1, 2].map((node) => it.keysOf(node, 1)[0]!);
  it.nodes[0]!.play = () => "-CLUSTERDOWN The cluster is down\r\n";
  it.moved.set(slotOf(keys[1]!), null);
  assertEquals(
    await it.pass(keys.map((key) => ["SET", key, "1"]), client),
    "-CLUSTERDOWN The cluster is down\r\n-CLUSTERDOWN Hash slot not served\r\n+OK\r\n",
  );
  it.nodes[2]!.failure = new Failure("away", "Redis is away: refused");
  it.nodes[2]!.sockets[0]!.end();
  await settled();
  assertEquals(
    await it.pass([["SET", keys[2]!, "1"], ["SET", keys[0]!, "1"]], client),
    "-ORIGINDOWN Redis is away: refused\r\n-CLUSTERDOWN The cluster is down\r\n",
  );
  assert(!client.isCut);
});

test("an error of a command that is none of the cluster's passes unchanged", async () => {
  using it = new PlayedCluster();
  const commands = mixed(it, 6);
  it.nodes[0]!.play = () => "-WRONGTYPE MOVED 1 n:2\r\n";
  const error = "-WRONGTYPE MOVED 1 n:2\r\n";
  const wanted = expected(commands);
  assertEquals(
    await it.pass(commands),
    [error, wanted[1], wanted[2], error, wanted[4], wanted[5]].join(""),
  );
});

test("a connection that is lost before a node got its part: all commands go again, also writes", async () => {
  using it = new PlayedCluster();
  const client = aClient();
  const commands = mixed(it, 9);
  await it.pass([["GET", it.keysOf(1, 1)[0]!]]);
  // It is lost in the same turn, before anything is written.
  const passed = it.pass(commands, client);
  it.laneTo(it.nodes[1]!).connections[0]!.close("reset");
  assertEquals(await passed, expected(commands).join(""));
  assertEquals(it.nodes[1]!.sockets.length, 2);
  assert(!client.isCut);
});

test("reads of a part go again after a loss, wherever the replies ended", async () => {
  await Promise.all([0, 1, 2, 3, 4].map(async (answered) => {
    using it = new PlayedCluster();
    const client = aClient();
    const keys = it.keysOf(1, 5);
    const others = it.keysOf(0, 5);
    for (const key of keys) it.nodes[1]!.values.set(key, key);
    let count = 0;
    it.nodes[1]!.play = () => count++ === answered ? LOSE : undefined;
    const commands = keys.flatMap((key, at) => [["GET", key], ["APPEND", others[at]!, "x"]]);
    const wanted = keys.map((key) => `$${key.length}\r\n${key}\r\n:1\r\n`).join("");
    assertEquals(await it.pass(commands, client), wanted);
    assertEquals(it.nodes[1]!.executed, keys.map((key) => `GET ${key}`));
    assert(!client.isCut);
  }));
});

test("a sent write that is lost disconnects the client behind the replies before it", async () => {
  await Promise.all([0, 1, 2, 3, 4].map(async (answered) => {
    using it = new PlayedCluster();
    const client = aClient();
    const keys = it.keysOf(1, 5);
    const others = it.keysOf(0, 5);
    let count = 0;
    it.nodes[1]!.play = () => count++ === answered ? LOSE : undefined;
    const commands = keys.flatMap((key, at) => [["SET", key, "1"], ["APPEND", others[at]!, "x"]]);
    assertEquals(await it.pass(commands, client), "+OK\r\n:1\r\n".repeat(answered) + "(cut)");
    assertEquals(it.nodes[1]!.executed, keys.slice(0, answered).map((key) => `SET ${key} 1`));
    assert(client.isCut);
    // The cache knows of all of them.
    assertEquals(it.cache.log.toSorted(), [...keys, ...others].toSorted());
    assertEquals(client.log.filter((one) => one === "done").length, 1);
    assertEquals(it.budget.bytes, 0);
    // Nothing more is executed for this client.
    assertEquals(await it.pass([["SET", others[0]!, "9"], ["GET", keys[0]!]], client), "(cut)");
    assertEquals(it.nodes[0]!.executed.length, 5);
  }));
});

test("a loss while a command is sent on: the command is lost as one alone, the others are answered", async () => {
  for (
    const [name, wanted] of [["APPEND", ":1\r\n(cut)"], ["GET", ":1\r\n$-1\r\n:1\r\n"]] as const
  ) {
    using it = new PlayedCluster();
    const client = aClient();
    const [key = ""] = it.keysOf(1, 1);
    const [before = "", behind = ""] = it.keysOf(0, 2);
    it.nodes[1]!.play = ([, one]) =>
      one === key ? `-MOVED ${slotOf(key)} ${it.nodes[2]!.name}\r\n` : undefined;
    let count = 0;
    it.nodes[2]!.play = () => count++ === 0 ? LOSE : undefined;
    const commands = [["APPEND", before, "x"], [name, key, "x"], ["APPEND", behind, "x"]];
    assertEquals(await it.pass(commands, client), wanted);
    assertEquals(client.isCut, name === "APPEND");
    assertEquals(it.nodes[2]!.executed, name === "APPEND" ? [] : [`GET ${key} x`]);
  }
});

test("a node that does not answer holds up no reply that comes before its own", async () => {
  using it = new PlayedCluster();
  const [a = "", b = ""] = it.keysOf(0, 2);
  const [c = ""] = it.keysOf(1, 1);
  it.nodes[1]!.play = () => HOLD;
  const commands = [["APPEND", a, "x"], ["APPEND", c, "x"], ["APPEND", b, "x"]];
  const stream = await it.start(commands) as ReplyStream;
  assertInstanceOf(stream, ReplyStream);
  assertEquals(new TextDecoder().decode(await stream.next() ?? undefined), ":1\r\n");
  it.nodes[1]!.sockets[0]!.reply(":7\r\n");
  assertEquals(await textOf(stream), ":7\r\n:1\r\n");
  assertEquals(it.budget.bytes, 0);
});

test("reads of a part are asked again over another connection if theirs falls silent, and no writes", async () => {
  for (const name of ["GET", "APPEND"]) {
    using it = new PlayedCluster();
    const client = aClient();
    const [a = "", b = ""] = it.keysOf(1, 2);
    const [other = ""] = it.keysOf(0, 1);
    const node = it.nodes[1]!;
    node.play = () => node.sockets.length === 1 ? HOLD : undefined;
    const passing = it.start([["APPEND", other, "x"], [name, a, "x"], ["GET", b]], client);
    // Another client asks: it continues over another connection.
    while (node.sockets.length === 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      it.pass([["GET", a], ["GET", b]]);
    }
    assertEquals(await it.pass([["GET", a], ["GET", b]]), "$-1\r\n$-1\r\n");
    if (name === "APPEND") {
      assertEquals(node.executed.filter((one) => one.startsWith("APPEND")), []);
      node.sockets[0]!.reply(":7\r\n$-1\r\n");
    }
    assertEquals(
      await textOf(await passing),
      `:1\r\n${name === "GET" ? "$-1\r\n" : ":7\r\n"}$-1\r\n`,
    );
    assert(!client.isCut);
  }
});

test("long replies pass in parts, in the order of the commands, with all that is beside them", async () => {
  using it = new PlayedCluster();
  const client = aClient();
  const values = [it.keysOf(0, 2), it.keysOf(1, 2), it.keysOf(2, 2)].flat();
  for (const [at, key] of values.entries()) {
    it.nodeOf(key).values.set(key, `${at}`.repeat(at % 2 === 0 ? 300_000 : 10));
  }
  const commands = [0, 2, 4, 1, 3, 5, 0, 3].map((at) => ["GET", values[at]!]);
  const wanted = commands.map(([, key = ""]) => {
    const value = it.nodeOf(key).values.get(key)!;
    return `$${value.length}\r\n${value}\r\n`;
  });
  assert(await it.pass(commands, client) === wanted.join(""));
  assert(client.log.includes("long"));
  assertEquals(client.log.filter((one) => one === "done").length, 1);
  assertEquals(it.budget.bytes, 0);
  assert(it.long.has(new TextEncoder().encode(request("GET", values[0]!))));
});

test("a connection that is lost inside a long reply disconnects the client behind what came", async () => {
  using it = new PlayedCluster();
  const client = aClient();
  const [key = ""] = it.keysOf(1, 1);
  const [before = "", behind = ""] = it.keysOf(0, 2);
  const long = `$300000\r\n${"x".repeat(200_000)}`;
  it.nodes[1]!.play = () => HOLD;
  const commands = [["APPEND", before, "x"], ["GET", key], ["APPEND", behind, "x"]];
  const passed = it.pass(commands, client);
  await settled();
  it.nodes[1]!.sockets[0]!.reply(long);
  await until(() => it.laneTo(it.nodes[1]!).connections[0]!.received === long.length);
  it.nodes[1]!.sockets[0]!.end();
  const text = await passed;
  assert(text.startsWith(":1\r\n$300000\r\nxxx") && text.endsWith("x(cut)"), text.slice(-20));
  assert(client.isCut);
  assertEquals(it.budget.bytes, 0);
});

test("long replies behind a command that is lost are dropped", async () => {
  for (const isLongFirst of [true, false]) {
    using it = new PlayedCluster();
    const client = aClient();
    const [lost = ""] = it.keysOf(0, 1);
    const [long = ""] = it.keysOf(1, 1);
    for (const node of it.nodes) node.play = () => HOLD;
    const passed = it.pass([["SET", lost, "1"], ["GET", long]], client);
    await settled();
    const begin = () => it.nodes[1]!.sockets[0]!.reply(`$300000\r\n${"x".repeat(200_000)}`);
    if (isLongFirst) begin();
    if (isLongFirst) await until(() => it.budget.bytes > 100_000);
    it.nodes[0]!.sockets[0]!.end();
    assertEquals(await passed, "(cut)");
    if (!isLongFirst) begin();
    it.nodes[1]!.sockets[0]!.reply("x".repeat(100_000) + "\r\n");
    await until(() => it.laneTo(it.nodes[1]!).connections[0]!.expected === 0);
    assertEquals(it.budget.bytes, 0);
    assertEquals(client.log.filter((one) => one === "done").length, 1);
  }
});

test("a slow client with long batches is cut off, so that others do not wait", async () => {
  using it = new PlayedCluster(100_000);
  const client = aClient();
  const keys = [0, 1, 2].map((node) => it.keysOf(node, 1)[0]!);
  for (const key of keys) it.nodeOf(key).values.set(key, "x".repeat(30_000));
  const commands = Array.from({ length: 24 }, (_, at) => ["GET", keys[at % 3]!]);
  const stream = await it.start(commands, client) as ReplyStream;
  assertInstanceOf(stream, ReplyStream);
  await until(() => stream.isCut && client.log.includes("done"));
  assertEquals(it.budget.bytes, 0);
  assertEquals(await it.pass([["SET", keys[0]!, "1"], ["SET", keys[1]!, "2"]]), "+OK\r\n+OK\r\n");
});

test("a client that has left costs nothing, however its batch ends", async () => {
  for (const size of [10, 300_000]) {
    using it = new PlayedCluster();
    const client = aClient();
    const keys = [0, 1, 2].map((node) => it.keysOf(node, 1)[0]!);
    for (const key of keys) it.nodeOf(key).values.set(key, "x".repeat(size));
    const passing = it.start(keys.map((key) => ["GET", key]), client);
    passing.isAbandoned = true;
    await until(() => client.log.length > 0);
    assertEquals(client.log, ["done"]);
    assertEquals(it.budget.bytes, 0);
  }
});

Deno.test("only commands with keys of one slot join a batch for a cluster", () => {
  const add = (...words: string[]) => {
    try {
      return batchOf([["SET", "{a}1", "1"], words]).parts!.slots[1];
    } catch {
      return null;
    }
  };
  assertEquals(add("GET", "{b}1"), slotOf("b"));
  assertEquals(add("MGET", "{b}1", "{b}2"), slotOf("b"));
  assertEquals(add("MSET", "{b}1", "1", "{b}2", "2"), slotOf("b"));
  assertEquals(add("MGET", "{b}1", "{c}2"), null);
  assertEquals(add("MSET", "{b}1", "1", "{c}2", "2"), null);
  assertEquals(add("GET"), null);
  const { keys, keyEnds, ends } = batchOf([["GET", "a"], ["SET", "b", "1"], ["GET", "c"]]).parts!;
  assertEquals([keys, keyEnds], [["b"], [0, 1, 1]]);
  const lengths = [request("GET", "a"), request("SET", "b", "1"), request("GET", "c")];
  assertEquals(ends, lengths.map((_, at) => lengths.slice(0, at + 1).join("").length));
  assert(batchOf([["GET", "a"], ["GET", "b"]]).parts instanceof RoutedBatch);
});
