import { assert, assertEquals, assertThrows } from "@std/assert";
import { connectionsThatFit } from "../../../src/app/descriptors.ts";
import { ConfigError } from "../../../src/config/mod.ts";

Deno.test("connectionsThatFit() keeps a reserve below the limit on open files", () => {
  const fit = (limit: number | null, clients = 10_000, admin = 0) =>
    connectionsThatFit({ clients, upstreams: 0 }, { limit, inUse: 20, admin }).clients;
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

Deno.test("connectionsThatFit() gives private connections their share if there is too little room", () => {
  const fit = (limit: number, clients: number, upstreams: number) => {
    const allowed = connectionsThatFit({ clients, upstreams }, { limit, inUse: 20, admin: 0 });
    return [allowed.clients, allowed.upstreams] as const;
  };
  assertEquals(fit(20_000, 10_000, 1000), [10_000, 1000]);
  const [clients, upstreams] = fit(1024, 10_000, 1000);
  assertEquals(clients + upstreams, fit(1024, 10_000, 0)[0]);
  assert(upstreams > 100 && upstreams < clients / 5, `${upstreams}`);
  // Upstreams get the descriptors that clients do not need, and the other way round.
  assertEquals(fit(1024, 100, 1000), [100, clients + upstreams - 100]);
  assertEquals(fit(1024, 10_000, 10), [clients + upstreams - 10, 10]);
});
