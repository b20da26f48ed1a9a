import { assertEquals } from "@std/assert";
import { Large } from "../../../src/origin/large.ts";
import { Lane, type LaneConnection, Lost, NoLane } from "../../../src/origin/lane.ts";
import { Failure, type Fetched, type Key } from "../../../src/core/types.ts";

/** Each value. */
const LARGE = new Large(100);
const LOST = new Error("Connection is closed.");

/** A connection on which reads wait for the test's answer. */
class FakeConnection implements LaneConnection {
  received = 0;
  closed = 0;
  readonly reads: { key: Key; answer: PromiseWithResolvers<Fetched> }[] = [];

  read(key: Key): Promise<Fetched> {
    const answer = Promise.withResolvers<Fetched>();
    this.reads.push({ key, answer });
    return answer.promise;
  }

  close(): void {
    this.closed++;
    for (const { answer } of this.reads) answer.reject(LOST);
  }
}

function laneOf(isSerial = false, timeout = 60_000) {
  const connections: FakeConnection[] = [];
  const state = { error: null as Error | null };
  const lane = new Lane<string>(
    () => {
      if (state.error !== null) return Promise.reject(state.error);
      const connection = new FakeConnection();
      connections.push(connection);
      return Promise.resolve(connection);
    },
    timeout,
    isSerial,
  );
  return { lane, connections, state, [Symbol.dispose]: () => lane.close() };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("Lane.read() connects for the first value, and uses the connection for the next ones", async () => {
  using it = laneOf();
  const reads = ["a", "b"].map((key) => it.lane.read("pair", key, LARGE));
  await settled();
  const [connection] = it.connections;
  assertEquals(connection!.reads.map(({ key }) => key), ["a", "b"]);
  for (const { answer } of connection!.reads) answer.resolve(null);
  assertEquals(await Promise.all(reads), [null, null]);
  assertEquals([it.connections.length, connection!.closed], [1, 0]);
});

Deno.test("a serial Lane reads one value at a time, also after one was lost", async () => {
  using it = laneOf(true);
  const reads = ["a", "b", "c"].map((key) => it.lane.read("pair", key, LARGE));
  await settled();
  assertEquals(it.connections[0]!.reads.length, 1);
  it.connections[0]!.reads[0]!.answer.reject(LOST);
  await settled();
  assertEquals([it.connections.length, it.connections[1]!.reads.length], [2, 1]);
  for (const place of [0, 1]) {
    it.connections[1]!.reads[place]!.answer.resolve(null);
    await settled();
  }
  const [a, ...rest] = await Promise.all(reads);
  assertEquals([a instanceof Lost, rest], [true, [null, null]]);
});

Deno.test("Lane.read() fails all in-flight reads if the connection is lost", async () => {
  using it = laneOf();
  const reads = ["a", "b"].map((key) => it.lane.read("pair", key, LARGE));
  await settled();
  it.connections[0]!.reads[0]!.answer.reject(LOST);
  assertEquals((await Promise.all(reads)).map((one) => one instanceof Lost), [true, true]);
  assertEquals(it.connections[0]!.closed, 1);
});

Deno.test("Lane.read() says why it cannot connect, and does not try again at once", async () => {
  using it = laneOf();
  it.state.error = new Error("ERR max number of clients reached");
  const first = await it.lane.read("pair", "a", LARGE);
  assertEquals((first as NoLane).message, "ERR max number of clients reached");
  it.state.error = null;
  assertEquals(await it.lane.read("pair", "a", LARGE) instanceof NoLane, true);
  assertEquals(it.connections.length, 0);
});

Deno.test("a Lane opens another connection for another owner, and in-flight reads go on", async () => {
  using it = laneOf();
  const before = it.lane.read("pair", "a", LARGE);
  await settled();
  const after = it.lane.read("next pair", "b", LARGE);
  await settled();
  const [old, present] = it.connections;
  assertEquals(old!.closed, 0);
  old!.reads[0]!.answer.resolve(null);
  assertEquals(await before, null);
  await settled();
  assertEquals([old!.closed, present!.closed], [1, 0]);
  present!.reads[0]!.answer.resolve(null);
  assertEquals(await after, null);
});

Deno.test("a silent connection of a Lane is a timeout, and is closed", async () => {
  using it = laneOf(false, 20);
  const found = await it.lane.read("pair", "a", LARGE);
  assertEquals((found as Failure).reason, "timeout");
  assertEquals(it.connections[0]!.closed, 1);
});
