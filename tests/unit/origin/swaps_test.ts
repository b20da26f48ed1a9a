import { assertEquals } from "@std/assert";
import { Handshake } from "../../../src/origin/handshake.ts";
import { SwapWatch } from "../../../src/origin/swaps.ts";

/** A watch of a server that the test plays. Each question gets the next of these replies. */
async function rig(...replies: (string | Error)[]) {
  let asked = 0;
  let swaps = 0;
  const call = () => {
    const reply = replies[Math.min(asked++, replies.length - 1)]!;
    return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
  };
  const watch = await SwapWatch.begin(new Handshake({ call }, 1000));
  if (watch !== null) watch.onSwap = () => swaps++;
  return { watch, asked: () => asked, swaps: () => swaps };
}

function stats(questions: number, swaps?: number): string {
  const swapdb = swaps === undefined ? "" : `cmdstat_swapdb:calls=${swaps},usec=1\r\n`;
  return `# Commandstats\r\n${swapdb}cmdstat_info:calls=${questions},usec=1\r\n`;
}

const CASES: readonly [name: string, first: string, next: string, swaps: number][] = [
  ["nothing happened", stats(1), stats(2), 0],
  ["nothing happened since an earlier swap", stats(1, 3), stats(2, 3), 0],
  ["the first swap", stats(1), stats(2, 1), 1],
  ["another swap", stats(1, 9), stats(2, 10), 1],
  ["the counts began anew", stats(5, 3), stats(1), 0],
  ["the counts began anew, then as many swaps as before", stats(5, 3), stats(1, 3), 1],
];

for (const [name, first, next, swaps] of CASES) {
  Deno.test(`swaps of databases are noticed by their count: ${name}`, async () => {
    const it = await rig(first, next);
    assertEquals(await it.watch!.look(), true);
    assertEquals(it.swaps(), swaps);
  });
}

Deno.test("all looks before the next question share it, and a later one asks again", async () => {
  const it = await rig(stats(1), stats(2), stats(3, 1));
  const first = it.watch!.look();
  await Promise.resolve();
  const others = [it.watch!.look(), it.watch!.look()];
  assertEquals(await Promise.all([first, ...others]), [true, true, true]);
  assertEquals([it.asked(), it.swaps()], [3, 1]);
});

Deno.test("a look without an answer says so", async () => {
  assertEquals(await (await rig(stats(1), new Error("lost"))).watch!.look(), false);
  assertEquals(await (await rig(stats(1), "")).watch!.look(), false);
});

Deno.test("a server that counts no calls is not watched", async () => {
  assertEquals((await rig("# Commandstats\r\n")).watch, null);
});
