// Which commands of a pipeline pass to Redis as one request.
import { assert, assertEquals } from "@std/assert";
import { PassFilter } from "../../../src/commands/permission.ts";
import { Stats } from "../../../src/core/stats.ts";
import { Failure } from "../../../src/core/types.ts";
import { ClusterLanes } from "../../../src/lanes/cluster/mod.ts";
import { requestsIn } from "../../../src/lanes/cluster/requests.ts";
import { Lanes } from "../../../src/lanes/mod.ts";
import { Resp, type RespContext } from "../../../src/resp/mod.ts";
import { SharedRequest } from "../../../src/resp/passed.ts";
import { Input } from "../../../src/server/input.ts";
import { request } from "../../support/client.ts";
import { FakeCache } from "../../support/lane_rig.ts";
import { PLAYED_COMMANDS, PlayedCluster } from "../../support/played_cluster.ts";
import { PEER, respContext } from "../../support/resp_context.ts";

/** The sizes of the requests, in commands, as which a pipeline passes; 0 for another kind. */
function sizesOf(lanes: Lanes, pipeline: string, context: Partial<RespContext> = {}): number[] {
  const protocol = new Resp(respContext({ lanes, ...context }), PEER);
  const input = new Input();
  for (let at = 0; at < pipeline.length;) {
    const room = input.room();
    const piece = new TextEncoder().encode(pipeline.slice(at, at + room.length));
    room.set(piece);
    input.end += piece.length;
    at += piece.length;
  }
  const sizes: number[] = [];
  for (let next = protocol.next(input); next !== undefined; next = protocol.next(input)) {
    if (next instanceof SharedRequest) {
      assertEquals(requestsIn(next.request.bytes).length, next.replies);
      sizes.push(next.replies);
    } else {
      sizes.push(0);
    }
  }
  protocol.end();
  return sizes;
}

/** Lanes to one Redis and to a cluster, whose commands are known. */
function* allLanes(): Generator<Lanes> {
  const options: Lanes["options"] = {
    open: () => Promise.resolve(new Failure("away", "Redis is away: not needed")),
    onTable() {},
    cache: new FakeCache(),
    stats: new Stats(),
    login: null,
    filter: new PassFilter(),
    ...{ timeout: 1000, database: 0, maxPrivate: 0, replyMemory: 1000 },
  };
  using cluster = new PlayedCluster();
  for (const lanes of [new Lanes(options), new ClusterLanes(options, cluster.router, 1000)]) {
    lanes.table = PLAYED_COMMANDS;
    yield lanes;
    lanes.close();
  }
}

/** So many writes, of different slots. */
function sets(count: number, valueBytes = 1): string {
  const value = "x".repeat(valueBytes);
  return Array.from({ length: count }, (_, at) => request("SET", `k${at % 10}`, value)).join("");
}

Deno.test("a batch has up to 32 commands, and the next ones are the next batch", () => {
  for (const lanes of allLanes()) {
    for (const [count, wanted] of [[1, [1]], [2, [2]], [31, [31]], [32, [32]]] as const) {
      assertEquals(sizesOf(lanes, sets(count)), wanted);
    }
    assertEquals(sizesOf(lanes, sets(33)), [32, 1]);
    assertEquals(sizesOf(lanes, sets(64)), [32, 32]);
    assertEquals(sizesOf(lanes, sets(65)), [32, 32, 1]);
  }
});

Deno.test("no command joins a batch that has 16 KiB", () => {
  const ofLength = (length: number) => {
    const bare = sets(1, length - 40).length - (length - 40);
    return sets(1, length - bare);
  };
  for (const lanes of allLanes()) {
    for (const [length, wanted] of [[-1, [2]], [0, [1, 1]], [1, [1, 1]]] as const) {
      const first = ofLength(16 * 1024 + length);
      assertEquals(first.length, 16 * 1024 + length);
      assertEquals(sizesOf(lanes, first + sets(1)), wanted);
      const both = ofLength(6000) + ofLength(16 * 1024 + length - 6000);
      assertEquals(sizesOf(lanes, both + sets(1)), wanted.length === 1 ? [3] : [2, 1]);
    }
  }
});

Deno.test("a command that may not join ends a batch", () => {
  for (const lanes of allLanes()) {
    for (const other of [request("PING"), request("EVAL_RO", "return 1", "0"), "*0\r\n"]) {
      const sizes = sizesOf(lanes, sets(3) + other + sets(2));
      assertEquals([sizes[0], sizes.at(-1)], [3, 2], JSON.stringify(other));
    }
    assertEquals(sizesOf(lanes, sets(3) + "SET k inline\r\n" + sets(2)), [3, 3]);
    assertEquals(sizesOf(lanes, sets(2) + request("GET", "k") + sets(1)), [4]);
    lanes.long.add(new TextEncoder().encode(request("GET", "long")));
    const sizes = sizesOf(lanes, sets(2) + request("GET", "long") + sets(1));
    assertEquals([sizes[0], sizes.at(-1)], [2, 1]);
  }
});

Deno.test("commands with keys of several slots pass alone if Redis has slots", () => {
  const split = request("MSET", "{a}1", "1", "{b}1", "1") + request("MGET", "{a}1", "{b}1");
  const whole = request("MSET", "{a}1", "1", "{a}2", "1") + request("MGET", "{a}1", "{a}2");
  for (const lanes of allLanes()) {
    const { knowsSlots } = lanes;
    assertEquals(sizesOf(lanes, sets(1) + whole + sets(1)), [4]);
    const sizes = sizesOf(lanes, sets(2) + split + sets(2));
    assert(knowsSlots ? sizes[0] === 2 && sizes.at(-1) === 2 : sizes[0] === 6, `${sizes}`);
  }
});

Deno.test("if replicas are read, writes are batched, and reads that a replica may answer are not", () => {
  for (const lanes of allLanes()) {
    const readsReplicas = { readsReplicas: true };
    assertEquals(sizesOf(lanes, sets(5), readsReplicas), [5]);
    const sizes = sizesOf(lanes, sets(2) + request("GET", "k") + sets(3), readsReplicas);
    assertEquals([sizes[0], sizes.at(-1)], [2, 3]);
  }
});

Deno.test("commands pass one by one if an observer or a causal client wants each", () => {
  for (const lanes of allLanes()) {
    assertEquals(sizesOf(lanes, sets(3), { observer: { saw() {} } }), [1, 1, 1]);
    assertEquals(sizesOf(lanes, sets(3), { freshness: "causal" }), [1, 1, 1]);
  }
});
