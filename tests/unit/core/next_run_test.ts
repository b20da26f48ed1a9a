import { assertEquals } from "@std/assert";
import { NextRun } from "../../../src/core/next_run.ts";
import { settled } from "../../support/fake_socket.ts";

Deno.test("NextRun.ask() joins callers before the next question, and answers nobody from an earlier one", async () => {
  const asked: PromiseWithResolvers<number>[] = [];
  const run = new NextRun(() => {
    const question = Promise.withResolvers<number>();
    asked.push(question);
    return question.promise;
  });
  const first = [run.ask(), run.ask()];
  await settled();
  assertEquals(asked.length, 1);
  const second = [run.ask(), run.ask(), run.ask()];
  await settled();
  assertEquals(asked.length, 1);
  asked[0]!.resolve(1);
  assertEquals(await Promise.all(first), [1, 1]);
  await settled();
  assertEquals(asked.length, 2);
  asked[1]!.resolve(2);
  assertEquals(await Promise.all(second), [2, 2, 2]);
});
