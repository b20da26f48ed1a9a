import { assertEquals } from "@std/assert";
import { ReplyStream } from "../../../src/core/reply_stream.ts";
import { Activity } from "../../../src/server/activity.ts";
import { Output } from "../../../src/server/output.ts";
import { PendingReplies } from "../../../src/server/pending.ts";
import type { ClientRequest } from "../../../src/server/protocol.ts";
import type { Writer } from "../../../src/server/writer.ts";

Deno.test("a client that has taken the parts of a long reply is not slow while the rest is missing", async () => {
  const activity = new Activity("answering");
  const output = new Output();
  const written: Uint8Array[] = [];
  const flush = () => {
    activity.enter("writing", performance.now());
    written.push(output.drain());
    return Promise.resolve();
  };
  const writer = { activity, output, flush } as unknown as Writer;
  const request: ClientRequest = { last: false, read() {}, reply() {} };
  const stream = new ReplyStream();
  const pending = new PendingReplies();
  pending.push(request, stream);
  const advanced = pending.advance(writer, { isClosed: false, close() {} });
  stream.push(new Uint8Array(3));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([written.length, activity.phase], [1, "answering"]);
  stream.end();
  await advanced;
});
