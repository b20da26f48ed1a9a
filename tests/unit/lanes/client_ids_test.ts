import { assertEquals } from "@std/assert";
import { ClientIds, type NamedClient } from "../../../src/lanes/client_ids.ts";

function client(upstreamId: number | null, id = ClientIds.next()): NamedClient {
  return {
    id,
    upstreamId,
    describe: () => `id=${id} addr=1.2.3.4:5 laddr=6.7.8.9:10 name=`,
    kill() {},
    becomeTarget: () => Promise.resolve(),
  };
}

function known(...clients: NamedClient[]): ClientIds {
  const ids = new ClientIds();
  for (const one of clients) ids.add(one);
  return ids;
}

Deno.test("ClientIds translates between the clients' ids here and at Redis", () => {
  const [own, shared] = [client(7), client(null)];
  const ids = known(own, shared);
  assertEquals(ids.upstreamOf(`${own.id}`), "7");
  assertEquals(ids.upstreamOf(`${shared.id}`), undefined);
  assertEquals(ids.upstreamOf("7"), undefined);
  assertEquals([ids.toldOf("7"), ids.toldOf("8")], [`${own.id}`, "8"]);
});

Deno.test("ClientIds remembers a client that a command has named after it is gone", () => {
  const [named, other] = [client(7), client(8)];
  const ids = known(named, other);
  assertEquals(ids.name(`${named.id}`), "7");
  for (const one of [named, other]) ids.remove(one);
  assertEquals([ids.toldOf("7"), ids.toldOf("8")], [`${named.id}`, "8"]);
  const crowd = Array.from({ length: 1000 }, (_, index) => client(100 + index));
  for (const one of crowd) {
    ids.add(one);
    ids.name(`${one.id}`);
  }
  assertEquals(ids.toldOf("7"), "7", "so many are remembered, and no more");
});

Deno.test("ClientIds shows clients of the proxy with their own ids and addresses", () => {
  const [own, shared] = [client(7), client(null)];
  const ids = known(own, shared);
  const list = "id=7 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=8 db=9\n" +
    "id=70 addr=127.0.0.1:3 laddr=127.0.0.1:2 fd=9 db=0\n";
  assertEquals(
    ids.rewrite(list),
    `id=${own.id} addr=1.2.3.4:5 laddr=6.7.8.9:10 fd=8 db=9\n` +
      "id=70 addr=127.0.0.1:3 laddr=127.0.0.1:2 fd=9 db=0\n",
  );
  assertEquals(ids.withoutUpstream(), [shared]);
  assertEquals(ids.withoutUpstream(new Set([`${own.id}`])), []);
  assertEquals(ids.withoutUpstream(new Set([`${shared.id}`])), [shared]);
});
