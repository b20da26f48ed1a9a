// CLIENT LIST, KILL, UNBLOCK and TRACKING by the ids and addresses that clients know of themselves,
// as on redis-server.
import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { RawClient, request } from "../support/client.ts";
import { serving, until } from "../support/serving.ts";

/** A client, with its id and its address. */
interface Told {
  readonly client: RawClient;
  readonly id: string;
  readonly addr: string;
}

async function say(client: RawClient, ...words: string[]): Promise<string> {
  await client.send(request(...words));
  const line = await client.until("\r\n");
  if (!/^[$=]\d/.test(line)) return line.trim();
  const text = await client.text(Number(line.slice(1)) + 2);
  return text.trim();
}

/** Connects a client, and gives it a state: none, or a private connection. */
async function told(port: number, ...state: string[]): Promise<Told> {
  const client = await RawClient.connect(port);
  const { hostname, port: own } = client.conn.localAddr as Deno.NetAddr;
  if (state.length > 0) {
    await client.send(request(...state));
    await client.until("\r\n");
  }
  // A client that only reads is a client too.
  await say(client, "GET", "none");
  const id = (await say(client, "CLIENT", "ID")).slice(1);
  return { client, id, addr: `${hostname}:${own}` };
}

async function isOpen({ client }: Told): Promise<boolean> {
  try {
    return await say(client, "PING") === "+PONG";
  } catch {
    return false;
  }
}

type Form = (victim: Told, killer: Told) => string[];

/** Ways to kill one client, with the expected replies. */
const FORMS: Readonly<Record<string, Form>> = {
  "its id": ({ id }) => ["ID", id],
  "its address": ({ addr }) => ["ADDR", addr],
  "its address alone": ({ addr }) => [addr],
  "its id and its user": ({ id }) => ["ID", id, "USER", "default"],
  "its address and another id": ({ addr }, { id }) => ["ADDR", addr, "ID", id],
  "its id and another type": ({ id }) => ["ID", id, "TYPE", "pubsub"],
  "a user that does not exist": ({ id }) => ["ID", id, "USER", "nobody"],
  "an unknown type": ({ id }) => ["ID", id, "TYPE", "strange"],
  "a word that is no option": ({ id }) => ["ID", id, "FOO", "bar"],
  "no number": () => ["ID", "x"],
  "the number 0": () => ["ID", "0"],
  "an address of nobody": () => ["192.0.2.1:1"],
  "an option of nobody": () => ["ADDR", "192.0.2.1:1"],
  "its own id": (_, { id }) => ["ID", id],
  "its own id, not spared": (_, { id }) => ["ID", id, "SKIPME", "no"],
  "its own address alone": (_, { addr }) => [addr],
  "all but itself": () => ["SKIPME", "yes"],
  "all of a type": () => ["TYPE", "normal"],
  "all of a user": () => ["USER", "default", "SKIPME", "yes"],
  "all subscribers": () => ["TYPE", "pubsub"],
};

for (const state of [[], ["WATCH", "k"]]) {
  Deno.test(`CLIENT KILL kills what redis-server kills: clients ${state[0] ?? "without a connection of their own"}`, async () => {
    await using expected = await startRedisServer();
    await using it = await serving();
    for (const [name, form] of Object.entries(FORMS)) {
      const outcomes = await Promise.all([expected.port, it.port].map(async (port) => {
        const [victim, other, killer] = [
          await told(port, ...state),
          await told(port),
          await told(port),
        ];
        const reply = await say(killer.client, "CLIENT", "KILL", ...form(victim, killer));
        const open = [await isOpen(victim), await isOpen(other), await isOpen(killer)];
        for (const { client } of [victim, other, killer]) client.close();
        // Each round begins without clients.
        await until(async () => {
          using asker = await RawClient.connect(port);
          const list = await say(asker, "CLIENT", "LIST");
          return list.split("\n").filter((line) => !/ name=redis-proxy/.test(line)).length === 1;
        });
        return { name, reply, open };
      }));
      assertEquals(outcomes[1], outcomes[0]);
    }
  });
}

Deno.test("CLIENT LIST ID lists clients in the wanted order, with or without a connection of their own", async () => {
  await using it = await serving();
  const clients = [await told(it.port), await told(it.port, "WATCH", "k"), await told(it.port)];
  const [a, b, c] = clients.map(({ id }) => id);
  const list = await say(clients[0]!.client, "CLIENT", "LIST", "ID", c!, b!, "999999", a!, c!);
  assertEquals(list.match(/(?<=^id=)\d+/gm), [c, b, a, c]);
  assertEquals(list.match(/^$/gm), null);
  for (const { id, addr } of clients) assertMatch(list, new RegExp(`^id=${id} addr=${addr} `, "m"));
  const all = (await say(clients[0]!.client, "CLIENT", "LIST")).match(/(?<=^id=)\d+/gm)!.map(
    Number,
  );
  assertEquals(all, all.toSorted((one, other) => one - other));
  for (const { client } of clients) client.close();
});

Deno.test("CLIENT UNBLOCK checks its words before it looks for the client", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  const replies = await Promise.all([expected.port, it.port].map(async (port) => {
    const one = await told(port);
    const words = [[one.id], [one.id, "ERROR"], [one.id, "SOON"], ["x"], [one.id, "ERROR", "x"]];
    const all: string[] = [];
    for (const rest of words) all.push(await say(one.client, "CLIENT", "UNBLOCK", ...rest));
    one.client.close();
    return all;
  }));
  assertEquals(replies[1], replies[0]);
});

Deno.test("a client that is logged in as another user kills by id and address", async () => {
  await using it = await serving();
  await it.ask("ACL", "SETUSER", "admin", "on", ">pw", "~*", "+@all");
  await it.ask("ACL", "SETUSER", "guest", "on", ">pw", "~*", "+@all", "-client|kill");
  for (const [user, isAllowed] of [["guest", false], ["admin", true]] as const) {
    for (const form of [FORMS["its id"]!, FORMS["its address"]!, FORMS["its address alone"]!]) {
      const [victim, killer] = [await told(it.port), await told(it.port)];
      assertEquals(await say(killer.client, "AUTH", user, "pw"), "+OK");
      const reply = await say(killer.client, "CLIENT", "KILL", ...form(victim, killer));
      assertMatch(reply, isAllowed ? /^(:1|\+OK)$/ : /^-NOPERM /);
      assertEquals(await isOpen(victim), !isAllowed);
      victim.client.close();
      killer.client.close();
    }
  }
});

Deno.test("a client that kills itself gets the reply, and nothing behind it is executed", async () => {
  await using it = await serving();
  await it.ask("ACL", "SETUSER", "admin", "on", ">pw", "~*", "+@all");
  for (const login of [[], ["AUTH", "admin", "pw"]]) {
    const one = await told(it.port);
    if (login.length > 0) assertEquals(await say(one.client, ...login), "+OK");
    const kill = request("CLIENT", "KILL", "ID", one.id, "SKIPME", "no");
    await one.client.send(request("PING") + kill + request("SET", "late", "1"));
    assertEquals(await one.client.rest(), "+PONG\r\n:1\r\n");
    assertEquals(await it.ask("EXISTS", "late"), ":0");
  }
});

Deno.test("CLIENT ID says the same inside a transaction", async () => {
  await using it = await serving();
  const { client, id } = await told(it.port);
  const words = [["MULTI"], ["CLIENT", "ID"], ["ECHO", id], ["EXEC"]];
  for (const text of [words.map((one) => request(...one)).join(""), null]) {
    if (text !== null) await client.send(text);
    else for (const one of words) await client.send(request(...one));
    const end = `$${id.length}\r\n${id}\r\n`;
    assertMatch(await client.until(end), new RegExp(`\\*2\\r\\n:${id}\\r\\n`));
  }
  client.close();
});

/** What a conversation of several clients says, with ids replaced by names. */
async function redirected(port: number, version: 2 | 3): Promise<string[]> {
  using target = await RawClient.connect(port);
  using reader = await RawClient.connect(port);
  using writer = await RawClient.connect(port);
  const said: string[] = [];
  const idOf = async (client: RawClient) => {
    await client.send(request("CLIENT", "ID"));
    return (await client.until("\r\n")).slice(1, -2);
  };
  const tell = async (client: RawClient, ...words: string[]) => {
    await client.send(request(...words) + request("ECHO", "(end)"));
    said.push(`${words[0]}: ${(await client.until("$5\r\n(end)\r\n")).replaceAll(id, "(id)")}`);
  };
  const id = await idOf(target);
  await tell(target, "HELLO", `${version}`, "SETNAME", "x").then(() => said.pop());
  await tell(reader, "CLIENT", "TRACKING", "ON", "REDIRECT", id);
  await tell(reader, "CLIENT", "GETREDIR");
  await tell(reader, "GET", "k");
  if (version === 2) {
    await target.send(request("SUBSCRIBE", "__redis__:invalidate"));
    said.push(await target.until(":1\r\n"));
  }
  await tell(writer, "SET", "k", "v");
  // The target has asked for nothing since.
  said.push(await target.until("k\r\n"));
  await tell(reader, "GET", "k");
  await tell(writer, "DEL", "k");
  said.push(await target.until("k\r\n"));
  if (version === 3) {
    await tell(target, "CLIENT", "SETNAME", "y");
    await tell(target, "GET", "k");
    await tell(target, "CLIENT", "GETNAME");
    await tell(reader, "GET", "k");
    await tell(writer, "SET", "k", "w");
    said.push(await target.until("k\r\n"));
  }
  return said;
}

for (const version of [2, 3] as const) {
  Deno.test(`invalidations are redirected to a client that has asked for nothing yet, in RESP${version}`, async () => {
    await using expected = await startRedisServer();
    await using it = await serving();
    assertEquals(await redirected(it.port, version), await redirected(expected.port, version));
  });
}
