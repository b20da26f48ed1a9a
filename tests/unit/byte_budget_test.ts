import { assertEquals } from "@std/assert";
import { ByteBudget } from "../../src/byte_budget.ts";

Deno.test("ByteBudget.acquire() lets in what fits, the others in order as there is room", async () => {
  const budget = new ByteBudget(100);
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

Deno.test("ByteBudget.acquire() lets in what is larger than all, when nothing else is", async () => {
  const budget = new ByteBudget(100);
  await budget.acquire(1);
  const large = budget.acquire(1000);
  assertEquals(budget.waiting, 1);
  budget.release(1);
  await large;
  assertEquals(budget.held, 1000);
});
