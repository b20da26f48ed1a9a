import { assertEquals, assertRejects } from "@std/assert";
import { Connection, Lost } from "../../../../src/origin/wire/connection.ts";
import { greet, type Identity, Refused } from "../../../../src/origin/wire/handshake.ts";
import { MemoryConn } from "../../../support/memory_conn.ts";

const NOBODY: Identity = { username: null, password: null, database: 0, name: "me" };
const ALICE: Identity = { username: "alice", password: "secret", database: 3, name: "me" };

const HELLO = "%4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.1\r\n" +
  "$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n$7\r\ncluster\r\n";
const RESP2_HELLO = HELLO.replace("%4", "*8").replace(":3", ":2");
const UNKNOWN = "-ERR unknown command 'HELLO', with args beginning with: '3' \r\n";
const OK = "+OK\r\n";

/** Answers requests one by one as it is told, and notes them; null closes the connection. */
class Script extends MemoryConn {
  readonly requests: string[] = [];

  constructor(readonly answers: (string | null)[]) {
    super();
  }

  override write(bytes: Uint8Array): Promise<number> {
    const words = new TextDecoder().decode(bytes).split("\r\n").filter((_, index) =>
      index > 0 && index % 2 === 0
    );
    this.requests.push(words.join(" ").trim());
    const answer = this.answers.shift();
    if (answer === undefined || answer === null) this.end();
    else this.send(answer);
    return Promise.resolve(bytes.length);
  }
}

async function run(answers: (string | null)[], identity = NOBODY, protocol: 2 | 3 = 3) {
  const script = new Script(answers);
  const connection = new Connection(script);
  try {
    return { greeting: await greet(connection, identity, protocol), requests: script.requests };
  } finally {
    connection.close("the test is over");
  }
}

Deno.test("greet() asks for RESP3, logs in and selects, and tells what the server said of itself", async () => {
  const { greeting, requests } = await run([HELLO, OK], ALICE);
  assertEquals(greeting, { protocol: 3, version: "7.4.1", mode: "cluster" });
  assertEquals(requests, ["HELLO 3 AUTH alice secret SETNAME me", "SELECT 3"]);
  const nobody = await run([HELLO]);
  assertEquals(nobody.requests, ["HELLO 3 SETNAME me"]);
  const fallback = await run([HELLO], { ...NOBODY, password: "p" });
  assertEquals(fallback.requests, ["HELLO 3 AUTH default p SETNAME me"]);
});

Deno.test("greet() does with RESP2 where there is no RESP3, or none is wanted", async () => {
  const resp2 = { protocol: 2, version: null, mode: null };
  const steps = ["AUTH alice secret", "CLIENT SETNAME me", "SELECT 3"];
  const refusals = [UNKNOWN, "-NOPROTO unsupported protocol version\r\n", RESP2_HELLO].concat(
    "-NOPERM this user has no permissions to run the 'hello' command\r\n",
  );
  for (const refusal of refusals) {
    const { greeting, requests } = await run([refusal, OK, OK, OK], ALICE);
    assertEquals([greeting, requests.slice(1)], [resp2, steps]);
  }
  const { greeting, requests } = await run([OK, OK, OK], ALICE, 2);
  assertEquals([greeting, requests], [resp2, steps]);
});

Deno.test("greet() takes no refusal of user, password or database for an agreement", async () => {
  const wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
  const none = "-NOAUTH HELLO must be called with the client already authenticated\r\n";
  const range = "-ERR DB index is out of range\r\n";
  const cases: [string[], Identity, 2 | 3, RegExp][] = [
    [[wrong], ALICE, 3, /^WRONGPASS /],
    [[none], NOBODY, 3, /^NOAUTH /],
    [[UNKNOWN, wrong], ALICE, 3, /^WRONGPASS /],
    [["-BUSY Redis is busy running a script.\r\n"], ALICE, 3, /^BUSY /],
    [["-LOADING Redis is loading the dataset in memory\r\n"], ALICE, 3, /^LOADING /],
    [[HELLO, range], ALICE, 3, /^ERR DB index/],
    [[HELLO, "-BUSY Redis is busy\r\n"], ALICE, 3, /^BUSY /],
    [[HELLO, "+QUEUED\r\n"], ALICE, 3, /unexpected reply QUEUED/],
    [[OK, OK, range], ALICE, 2, /^ERR DB index/],
    [[wrong], ALICE, 2, /^WRONGPASS /],
    [[":1\r\n"], ALICE, 2, /unexpected reply 1/],
  ];
  for (const [answers, identity, protocol, why] of cases) {
    const error = await assertRejects(() => run(answers, identity, protocol), Refused);
    assertEquals(why.test(error.message), true, error.message);
  }
});

Deno.test("greet() goes on where only the name is refused, or the password is not wanted", async () => {
  const denied = "-NOPERM this user has no permissions to run the 'client|setname' command\r\n";
  await run([OK, denied, OK], ALICE, 2);
  const needless = "-ERR AUTH <password> called without any password configured for the default " +
    "user. Are you sure your configuration is correct?\r\n";
  await run([needless, OK], { ...NOBODY, password: "p" }, 2);
});

Deno.test("greet() rejects when the connection is closed at any step", async () => {
  const answers = [UNKNOWN, OK, OK, OK];
  for (let step = 0; step < answers.length; step++) {
    await assertRejects(() => run([...answers.slice(0, step), null], ALICE), Lost);
  }
});
