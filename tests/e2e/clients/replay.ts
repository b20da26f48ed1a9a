/**
 * Replays the handshake of a client that is not installed, and checks each reply as the client
 * would.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { startRedisServer } from "../../../tools/redis_server.ts";
import { RawClient, request } from "../../support/client.ts";
import { startProxy } from "../../support/proxy.ts";
import { type Exchange, type Handshake, HANDSHAKES, type Options } from "./handshakes.ts";
import { readReply, type Reply } from "./reply.ts";
import { fill, type Result } from "./suite.ts";

const PASSWORD = "correct-horse";
const NAME = "application";

/** Possible configurations of a client. */
export const CASES: Record<string, Options> = {
  "default": { password: null, name: null },
  "with a name": { password: null, name: NAME },
  "with a password": { password: PASSWORD, name: null },
  "with both": { password: PASSWORD, name: NAME },
};

/** The results of one client's handshakes; each configuration is a step. */
export interface Replayed {
  readonly handshake: Handshake;
  readonly results: readonly Result[];
}

/** Replays all handshakes, each against its own proxy. */
export async function replayAll(): Promise<Replayed[]> {
  await using redis = await startRedisServer();
  await fill(redis);
  await using open = await startProxy(redis.port);
  await using guarded = await startProxy(redis.port, [], { env: { RP_PASSWORD: PASSWORD } });
  const all: Replayed[] = [];
  for (const handshake of HANDSHAKES) {
    const results: Result[] = [];
    for (const [step, options] of Object.entries(CASES)) {
      const { port } = options.password === null ? open : guarded;
      const why = await replay(port, handshake, options).then(() => null, (error) => `${error}`);
      results.push({ label: handshake.client, step, why });
    }
    all.push({ handshake, results });
  }
  return all;
}

/** The value of a key in HELLO's reply, which is a map or a flat array. */
function field(reply: Reply, name: string): Reply | undefined {
  const flat = reply.type === "%"
    ? reply.entries.flat()
    : reply.type === "*"
    ? [...reply.items]
    : [];
  const index = flat.findIndex((item, at) => at % 2 === 0 && "text" in item && item.text === name);
  return flat[index + 1];
}

/** Everything that clients look for. Keys and texts are bulk strings, which redis-cli requires. */
function assertHello(reply: Reply, protocol: 2 | 3): void {
  assertEquals(reply.type, protocol === 3 ? "%" : "*", `HELLO ${protocol}: ${show(reply)}`);
  const names = reply.type === "%"
    ? reply.entries.map(([name]) => name)
    : reply.type === "*"
    ? reply.items.filter((_, index) => index % 2 === 0)
    : [];
  assertEquals(
    names,
    ["server", "version", "proto", "id", "mode", "role", "modules"]
      .map((text): Reply => ({ type: "$", text })),
  );
  assertEquals(field(reply, "server"), { type: "$", text: "redis" });
  assertEquals(field(reply, "version")?.type, "$");
  assertEquals(field(reply, "proto"), { type: ":", number: protocol });
  assertEquals(field(reply, "id")?.type, ":");
  assertEquals(field(reply, "mode"), { type: "$", text: "standalone" });
  assertEquals(field(reply, "role"), { type: "$", text: "master" });
  assertEquals(field(reply, "modules"), { type: "*", items: [] });
}

function assertReply(reply: Reply, { command, want }: Exchange, protocol: 2 | 3): void {
  const message = `${command.join(" ")}: ${show(reply)}`;
  switch (want) {
    case "OK":
    case "PONG":
      return assertEquals(reply, { type: "+", text: want }, message);
    case "hello 2":
      return assertHello(reply, 2);
    case "hello 3":
      return assertHello(reply, 3);
    case "refusal":
      return assertEquals(reply.type, "-", message);
    case "integer":
      return assertEquals(reply.type, ":", message);
    case "echo":
      return assertEquals(reply, { type: "$", text: command.at(-1)! }, message);
    case "null":
      return assertEquals(reply, { type: "null", wire: protocol === 3 ? "_" : "$-1" }, message);
    case "master":
      // A bulk string, or, in RESP3, a verbatim string.
      assertEquals(reply.type, protocol === 3 ? "=" : "$", message);
      return assertMatch("text" in reply ? reply.text : "", /^role:master\r$/m, message);
    case "any":
      return;
  }
}

function show(reply: Reply): string {
  return JSON.stringify(reply).slice(0, 300);
}

/** A handshake, then a hit, a miss and the name; rejects with the first difference. */
async function replay(port: number, handshake: Handshake, options: Options): Promise<void> {
  using client = await RawClient.connect(port);
  let protocol: 2 | 3 = 2;
  for (const group of handshake.groups(options)) {
    await client.send(group.map(({ command }) => request(...command)).join(""));
    for (const exchange of group) {
      const reply = await readReply(client);
      if (exchange.want === "hello 3") protocol = 3;
      assertReply(reply, exchange, protocol);
    }
  }
  assertEquals(protocol, handshake.protocol);
  const nothing = protocol === 3 ? "_\r\n" : "$-1\r\n";
  const wanted = `$5\r\nvalue\r\n${nothing}`;
  const reads = request("GET", "hit") + request("GET", "miss");
  assertEquals(await client.exchange(reads, wanted.length), wanted);
  await client.send(request("CLIENT", "GETNAME"));
  const name = await readReply(client);
  if (options.name !== null && handshake.groups(options).flat().some(sets(options.name))) {
    assertEquals(name, { type: "$", text: options.name });
  }
}

function sets(name: string): (exchange: Exchange) => boolean {
  return ({ command }) => command.at(-1) === name;
}
