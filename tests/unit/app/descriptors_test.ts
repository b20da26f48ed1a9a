import { assert, assertEquals, assertThrows } from "@std/assert";
import { clientsThatFit } from "../../../src/app/descriptors.ts";
import { ConfigError } from "../../../src/config/mod.ts";

Deno.test("clientsThatFit() keeps a reserve below the limit on open files", () => {
  const fit = (limit: number | null, wanted = 10_000, admin = 0) =>
    clientsThatFit(wanted, { limit, inUse: 20, admin });
  assertEquals(fit(null), 10_000);
  assertEquals(fit(Infinity), 10_000);
  assertEquals(fit(1_048_576), 10_000);
  const clients = fit(1024);
  assert(clients > 900 && clients < 1024 - 20, `${clients}`);
  assertEquals(fit(1024, 100), 100);
  assertEquals(fit(1024, 10_000, 21), clients - 21);
  const reserve = 1024 - clients;
  assertEquals([fit(reserve + 2), fit(reserve + 1)], [2, 1]);
  assertThrows(() => fit(reserve), ConfigError, `wanted at least ${reserve + 1}`);
});
