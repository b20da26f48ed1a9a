// State on a connection: databases, users, transactions and RESET, one request at a time and all at
// once, with the same replies as from Redis.
import { assertEquals } from "@std/assert";
import { startRedisServer } from "../../tools/redis_server.ts";
import { Client, request } from "../differential/replies.ts";
import { ask, serving } from "../support/serving.ts";

const CASES: Readonly<Record<string, readonly string[]>> = {
  "RESET behind commands that are not answered yet": [
    ...["SELECT 3", "SET a 1", "RESET", "GET a", "SET a 0", "GET a"],
  ],
  "RESET in a transaction": ["MULTI", "SET a 1", "RESET", "GET a"],
  "RESET of a transaction that would subscribe": [
    ...["SET a 1", "MULTI", "SUBSCRIBE c", "PSUBSCRIBE d", "GET a", "RESET", "GET a"],
  ],
  "RESET of a transaction that has subscribed": [
    ...["SET a 1", "MULTI", "SUBSCRIBE c", "EXEC", "GET a", "PING", "RESET", "SET a 2", "GET a"],
  ],
  "an error, RESET and writes behind a transaction that has subscribed and left": [
    ...["MULTI", "SUBSCRIBE c", "GET a", "UNSUBSCRIBE c", "EXEC", "INCR n", "NOPE", "INCR n"],
    ...["LRANGE none 0 -1", "RESET", "INCR n", "GET n"],
  ],
  "RESET behind a script": ["WATCH a", "EVAL return{1} 0", "RESET", "GET a"],
  "questions about the connection behind a script": [
    ...["WATCH a", "EVAL return{1} 0", "CLIENT GETNAME", "EVAL return{2} 0", "ECHO x"],
  ],
  "RESET of watched keys": ["WATCH a", "GET a", "RESET", "SET a 7", "GET a"],
  "another database and back": [
    ...["SET s home", "GET s", "SELECT 5", "GET s", "SET s five", "GET s", "SELECT 0", "GET s"],
    ...["SELECT 5", "GET s", "SELECT 0", "GET s", "SELECT 99", "GET s"],
  ],
  "another database inside a transaction": [
    ...["SET z 0", "GET z", "MULTI", "SELECT 5", "SET z 5", "EXEC", "GET z", "SELECT 0", "GET z"],
  ],
  "another database while keys are watched": [
    ...["WATCH a", "SELECT 5", "SET b 5", "SELECT 0", "GET b", "UNWATCH", "GET b"],
  ],
  "databases that are swapped and flushed": [
    ...["SET s home", "GET s", "SWAPDB 0 5", "GET s", "SWAPDB 0 5", "GET s", "FLUSHALL", "GET s"],
    ...["SELECT 5", "SET s five", "SELECT 0", "SET s home", "GET s", "FLUSHDB", "GET s"],
  ],
  "a key that moves to another database and back": [
    ...["SET m x", "GET m", "MOVE m 5", "GET m", "SELECT 5", "GET m", "MOVE m 0", "SELECT 0"],
    ...["GET m", "COPY m n DB 5", "GET n", "SELECT 5", "GET n"],
  ],
  "another user": [
    ...["AUTH bob pw", "GET a", "SET a 1", "GET a", "ACL WHOAMI", "AUTH default x", "ACL WHOAMI"],
    ...["SET a 2", "GET a", "AUTH bob wrong", "ACL WHOAMI", "GET a"],
  ],
  "another user who keeps the database": [
    ...["SELECT 5", "SET a five", "AUTH bob wrong", "GET a", "AUTH bob pw", "GET a", "SET a 1"],
  ],
  "another user inside a transaction": [
    ...["SET a 1", "GET a", "MULTI", "AUTH bob pw", "EXEC", "ACL WHOAMI", "SET a 2", "GET a"],
  ],
  "replies that are not wanted": [
    ...["CLIENT REPLY SKIP", "SET a 1", "GET a", "CLIENT REPLY OFF", "SET a 2", "GET a"],
    ...["HSET h f 1", "CLIENT REPLY ON", "GET a", "HGET h f"],
  ],
  "replies that are not wanted on an own connection": [
    ...["WATCH a", "CLIENT REPLY SKIP", "SET a 1", "GET a", "CLIENT REPLY OFF", "LPUSH l 1"],
    ...["BLPOP l 0", "CLIENT REPLY ON", "GET a"],
  ],
  "WAIT between a write and a read": ["SET a 1", "WAIT 0 10", "GET a"],
};

/** Sends commands at once, or each after the reply to the previous one; returns all replies. */
async function talk(port: number, commands: readonly string[], isAtOnce: boolean): Promise<string> {
  using client = await Client.connect(port);
  const requests = [
    ...commands.map((one) => request(one.split(" "))),
    request(["ECHO", "the end"]),
  ];
  const isSilent = commands.some((one) => /REPLY (OFF|SKIP)/.test(one));
  const parts = isAtOnce || isSilent ? [requests.join("")] : requests;
  let text = "";
  for (const part of parts) {
    await client.send(part);
    do text += (await client.frame(4000)).text; while (
      parts.length === 1 && !text.endsWith("the end\r\n")
    );
  }
  return text;
}

Deno.test("state on a connection is answered as by Redis, in a pipeline and one by one", async () => {
  await using expected = await startRedisServer();
  await using it = await serving();
  for (const port of [expected.port, it.redis.port]) {
    await ask(port, "ACL", "SETUSER", "bob", "on", ">pw", "~*", "+@all", "-set");
  }
  for (const [name, commands] of Object.entries(CASES)) {
    for (const isAtOnce of [true, false]) {
      await ask(expected.port, "FLUSHALL");
      await ask(it.port, "FLUSHALL");
      const wanted = await talk(expected.port, commands, isAtOnce);
      const got = await talk(it.port, commands, isAtOnce).catch((error) => `${error}`);
      assertEquals(got, wanted, `${name}, ${isAtOnce ? "at once" : "one by one"}`);
    }
  }
});
