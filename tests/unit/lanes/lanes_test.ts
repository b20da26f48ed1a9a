/** What the lanes learn of a server when a shared connection opens. */
import { assertEquals } from "@std/assert";
import { PassFilter } from "../../../src/commands/permission.ts";
import { Stats } from "../../../src/core/stats.ts";
import { Lanes } from "../../../src/lanes/mod.ts";
import { type Answerer, bulk, connectTo } from "../../support/fake_redis.ts";
import { FakeCache } from "../../support/lane_rig.ts";

const TABLE = `*1\r\n*6\r\n${bulk("get")}:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n:1\r\n`;

/** Lanes to a Redis that closes the connection at COMMAND a number of times. */
function lanesTo(closures: number) {
  const connections: Disposable[] = [];
  let asked = 0;
  const open: Lanes["options"]["open"] = async (_, prepare) => {
    const answer: Answerer = ([word]) => {
      if (word !== "COMMAND") return "+PONG\r\n";
      if (asked++ >= closures) return TABLE;
      connection.close("Redis closed the connection");
      return "";
    };
    const opened = connectTo(answer);
    const { connection } = opened;
    connections.push(opened);
    await prepare(connection);
    return connection;
  };
  const lanes = new Lanes({
    open,
    timeout: 1000,
    onTable: () => {},
    cache: new FakeCache(),
    stats: new Stats(),
    database: 0,
    login: null,
    filter: new PassFilter({ allow: [], deny: [] }),
    maxPrivate: 1,
    replyMemory: 1000,
  });
  return {
    lanes,
    get asked() {
      return asked;
    },
    [Symbol.dispose]() {
      lanes.close();
      for (const one of connections) one[Symbol.dispose]();
    },
  };
}

Deno.test("Lanes.ready() reads the table again if the connection broke at that moment", async () => {
  for (const closures of [0, 1]) {
    using it = lanesTo(closures);
    assertEquals([await it.lanes.ready(2), it.lanes.table.isKnown], [null, true]);
  }
});

Deno.test("Lanes.ready() does without the table of a server that closes every connection at COMMAND", async () => {
  using it = lanesTo(Infinity);
  assertEquals([await it.lanes.ready(2), it.lanes.table.isKnown], [null, false]);
  assertEquals(it.asked, 2);
});
