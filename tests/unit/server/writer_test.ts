import { Stats } from "../../../src/core/stats.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Activity } from "../../../src/server/activity.ts";
import { Ledger } from "../../../src/server/ledger.ts";
import { type SlowClient, SlowClients } from "../../../src/server/slow_clients.ts";
import { Writer } from "../../../src/server/writer.ts";

const CLIENT: SlowClient = { tookAt: Infinity, readAhead() {}, cutOff() {} };

/** Takes bytes only when the test says so. */
class HeldSink {
  taken = "";
  readonly #waiting: (() => void)[] = [];

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.fail = reject;
      this.#waiting.push(() => {
        this.taken += new TextDecoder().decode(bytes);
        resolve(bytes.length);
      });
    });
  }

  fail = (_error: Error) => {};

  async take(): Promise<void> {
    this.#waiting.shift()!();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function writing() {
  const sink = new HeldSink();
  const slow = new SlowClients(new Ledger(Infinity), 1024);
  const activity = new Activity("idle");
  return {
    sink,
    slow,
    activity,
    writer: new Writer(sink, activity, { slow, stats: new Stats() }, CLIENT),
  };
}

Deno.test("Writer.flush() sends bytes that are appended during a write after it, in order", async () => {
  const { sink, writer, activity } = writing();
  const done: string[] = [];
  writer.output.latin1("reply ");
  const first = writer.flush().then(() => done.push("first"));
  assertEquals([writer.isBusy, activity.phase], [true, "writing"]);
  writer.output.latin1("push ");
  const second = writer.flush().then(() => done.push("second"));
  writer.output.latin1("more");
  await sink.take();
  assertEquals([sink.taken, done], ["reply ", []]);
  await sink.take();
  await Promise.all([first, second]);
  assertEquals([sink.taken, writer.isBusy], ["reply push more", false]);
  assertEquals(done.sort(), ["first", "second"]);
});

Deno.test("Writer.flush() of nothing ends at once, and is no activity", async () => {
  const { writer, activity } = writing();
  await writer.flush();
  assertEquals([writer.isBusy, activity.phase], [false, "idle"]);
});

Deno.test("Writer counts replies that are not small, and those after them, until the client reads them", async () => {
  const { sink, slow, writer } = writing();
  const value = new Uint8Array(100_000);
  writer.output.latin1("small");
  const small = writer.flush();
  assertEquals(slow.ledger.bytes, 0);
  writer.output.bytes(value);
  const large = writer.flush();
  // The chunk of the small reply is still in use.
  assert(slow.ledger.bytes > value.length, `${slow.ledger.bytes}`);
  await sink.take();
  await sink.take();
  await Promise.all([small, large]);
  assertEquals([slow.ledger.bytes, sink.taken.length], [0, 5 + value.length]);
  slow.stop();
});

Deno.test("Writer notes progress when a counted reply is taken, or when the write took a while", async () => {
  const { sink, slow, writer, activity } = writing();
  writer.output.latin1("a");
  let flushed = writer.flush();
  let { since } = activity;
  await sink.take();
  await flushed;
  assertEquals(activity.since, since);
  writer.output.latin1("a");
  flushed = writer.flush();
  ({ since } = activity);
  slow.sweep(performance.now());
  await sink.take();
  await flushed;
  assertEquals(activity.since > since, true);
});

Deno.test("Writer whose sink breaks drops everything, and lets nobody wait", async () => {
  const { sink, slow, writer } = writing();
  writer.output.bytes(new Uint8Array(10_000));
  const first = writer.flush();
  const second = writer.flush();
  sink.fail(new Error("gone"));
  await assertRejects(() => first, Error, "gone");
  await second;
  assertEquals([writer.isBusy, writer.output.length, slow.ledger.bytes], [false, 0, 0]);
  slow.stop();
});
