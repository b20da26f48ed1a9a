// Queues of jobs: BullMQ, Bull and bee-queue, with workers that block, retries, delays, flows,
// priorities and events, all by Lua scripts.
import { event, load, PLACE, run, say, until, URL } from "./driver.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const JOBS = 40;

await run(async () => {
  const { Queue, Worker, QueueEvents, FlowProducer } = await load("bullmq@6.7.0");
  const connection = { ...PLACE, maxRetriesPerRequest: null };
  const queue = new Queue("work", { connection });
  const events = new QueueEvents("work", { connection });
  await events.waitUntilReady();
  const completed: string[] = [];
  events.on("completed", ({ returnvalue }: { returnvalue: string }) => completed.push(returnvalue));
  let failures = 0;
  const worker = new Worker("work", async (job: Any) => {
    if (job.name === "flaky" && job.attemptsMade < 2) throw new Error(`attempt ${++failures}`);
    await job.updateProgress(50);
    return `${job.name} ${job.data.number}`;
  }, { connection, concurrency: 5 });
  await queue.addBulk(
    Array.from({ length: JOBS }, (_, number) => ({ name: "plain", data: { number } })),
  );
  const backoff = { type: "fixed", delay: 10 };
  await queue.add("flaky", { number: 1 }, { attempts: 3, backoff });
  await queue.add("late", { number: 2 }, { delay: 50 });
  await queue.add("urgent", { number: 3 }, { priority: 1 });
  await until("BullMQ to do all", () => completed.length === JOBS + 3);
  say("BullMQ did", [completed.length, new Set(completed).size, failures]);
  say("BullMQ counts", await queue.getJobCounts("completed", "failed", "waiting", "delayed"));
  const waited = await queue.add("asked", { number: 4 });
  say("BullMQ result", await waited.waitUntilFinished(events, 10_000));
  await queue.pause();
  const paused = await queue.add("paused", { number: 5 });
  say("BullMQ paused", [await queue.isPaused(), await paused.getState()]);
  await queue.resume();
  say("BullMQ resumed", await paused.waitUntilFinished(events, 10_000));
  await queue.upsertJobScheduler("often", { every: 20, limit: 3 }, {
    name: "often",
    data: { number: 6 },
  });
  await until(
    "BullMQ's scheduler",
    () => completed.filter((one) => one === "often 6").length === 3,
  );
  const flows = new FlowProducer({ connection });
  const { job: parent } = await flows.add({
    name: "parent",
    queueName: "work",
    data: { number: 7 },
    children: [1, 2, 3].map((number) => ({ name: "child", queueName: "work", data: { number } })),
  });
  say("BullMQ flow", [
    await parent.waitUntilFinished(events, 10_000),
    Object.values(await parent.getChildrenValues()).sort(),
  ]);
  const dead = await queue.add("flaky", { number: 8 }, { attempts: 1 });
  say(
    "BullMQ failure",
    await dead.waitUntilFinished(events, 10_000).catch((error: Error) => error),
  );
  await worker.close();
  await events.close();
  await queue.obliterate({ force: true });
  say("BullMQ obliterated", await queue.getJobCounts());

  const { default: Bull } = await load("bull@4.16.5");
  const old = new Bull("old", URL);
  const did: string[] = [];
  old.process(4, ({ data }: Any) => Promise.resolve(`did ${data.number}`));
  old.on("global:completed", (_: string, result: string) => did.push(result));
  await old.isReady();
  await Promise.all(Array.from({ length: JOBS }, (_, number) => old.add({ number })));
  await old.add({ number: "late" }, { delay: 50 });
  await until("Bull to do all", () => did.length === JOBS + 1);
  say("Bull", [new Set(did).size, await old.getJobCounts()]);

  const { default: BeeQueue } = await load("bee-queue@2.0.0");
  const bees = new BeeQueue("bees", { redis: PLACE, activateDelayedJobs: true });
  await bees.ready();
  bees.process(4, (job: Any) => Promise.resolve(job.data.number * 2));
  const doubled = await Promise.all(Array.from({ length: JOBS }, async (_, number) => {
    const job = bees.createJob({ number });
    const done = event<number>(job, "succeeded");
    await job.save();
    return await done;
  }));
  say("bee-queue", [doubled.length, doubled.at(-1), (await bees.checkHealth()).succeeded]);
});
