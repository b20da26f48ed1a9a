import { assertEquals } from "@std/assert";
import { ByteBudget } from "../../../src/origin/byte_budget.ts";

Deno.test("ByteBudget.acquire() grants fitting requests at once, and others in order as room comes", async () => {
  const budget = new ByteBudget(100, 10_000);
  const order: string[] = [];
  const take = (name: string, bytes: number) => budget.acquire(bytes).then(() => order.push(name));
  await take("a", 60);
  const rest = [take("b", 50), take("c", 10)];
  await Promise.resolve();
  // A small one does not overtake the large one for ever.
  assertEquals([order.join(), budget.held, budget.waiting], ["a", 60, 2]);
  budget.release(60);
  await Promise.all(rest);
  assertEquals([order.join(), budget.held, budget.waiting], ["a,b,c", 60, 0]);
});

Deno.test("ByteBudget.acquire() grants a request larger than the budget if nothing else is held", async () => {
  const budget = new ByteBudget(100, 10_000);
  await budget.acquire(1);
  const large = budget.acquire(1000);
  assertEquals(budget.waiting, 1);
  budget.release(1);
  await large;
  assertEquals(budget.held, 1000);
});

Deno.test("ByteBudget.acquire() counts bytes that others hold, and checks again when they shrink", async () => {
  let listener = () => {};
  const elsewhere = { bytes: 50, whenLess: (told: () => void) => void (listener = told) };
  const budget = new ByteBudget(100, 10_000, elsewhere);
  const granted = budget.acquire(60);
  assertEquals(budget.waiting, 1);
  elsewhere.bytes = 40;
  listener();
  assertEquals([await granted, budget.held, budget.waiting], [true, 60, 0]);
});

Deno.test("ByteBudget.acquire() ends a wait that takes too long, and grants the next request", async () => {
  const budget = new ByteBudget(100, 1);
  await budget.acquire(60);
  const late = budget.acquire(50);
  assertEquals([await late, budget.waiting, budget.held], [false, 0, 60]);
  assertEquals(await budget.acquire(40), true);
});
