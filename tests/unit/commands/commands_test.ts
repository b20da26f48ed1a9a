// The route of each command, and the keys it writes, from the COMMAND table of a real server.
import { assert, assertEquals } from "@std/assert";
import { Redis } from "ioredis";
import { writtenBy } from "../../../src/commands/keys.ts";
import { CATEGORIES, NAMES } from "../../../src/commands/names.ts";
import { DENIED_BY_DEFAULT, PassFilter } from "../../../src/commands/permission.ts";
import { type Route, routeOf } from "../../../src/commands/route.ts";
import { type CommandSpec, readCommandTable, type Reply } from "../../../src/commands/spec.ts";
import { CommandTable } from "../../../src/commands/table.ts";
import { startRedisServer } from "../../../tools/redis_server.ts";

/** The COMMAND table of a server that the test starts. */
async function serverTable(): Promise<Map<string, CommandSpec>> {
  await using server = await startRedisServer();
  const client = new Redis({ port: server.port, protocol: 2 });
  try {
    return readCommandTable(await client.call("COMMAND") as Reply);
  } finally {
    client.disconnect();
  }
}

const TABLE = await serverTable();

function specOf(text: string): CommandSpec | undefined {
  const [name, sub] = text.toLowerCase().split("|");
  const spec = TABLE.get(name!);
  return sub === undefined ? spec : spec?.subcommands.get(sub);
}

function words(text: string) {
  const all = text.split(" ");
  return { count: all.length, string: (index: number) => all[index]! };
}

function written(text: string, name = text.split(" ")[0]!): string {
  const { keys, beyond } = writtenBy(specOf(name), words(text));
  return [...keys, ...(beyond === "nothing" ? [] : [`(${beyond})`])].join(" ");
}

/** Every command and subcommand without subcommands of its own. */
function leaves(): CommandSpec[] {
  const all = [...TABLE.values()].flatMap((spec) =>
    spec.subcommands.size > 0 ? [...spec.subcommands.values()] : [spec]
  );
  return all.sort((a, b) => a.name < b.name ? -1 : 1);
}

Deno.test("every command of Redis 7.0 that is not shared is in this list", () => {
  const by = Map.groupBy(leaves(), (spec) => routeOf(spec, words(spec.name)));
  const names = (route: Route) => by.get(route)!.map(({ name }) => name).join(" ");
  assertEquals(
    names("local"),
    "auth client|getname client|id client|info client|no-evict client|reply client|setname echo " +
      "hello ping quit reset select",
  );
  assertEquals(
    names("control"),
    "client|kill client|unblock client|unpause function|kill function|stats script|kill",
  );
  assertEquals(
    names("private"),
    "asking blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin client|caching " +
      "client|getredir client|help client|pause client|tracking client|trackinginfo discard exec " +
      "monitor multi psubscribe psync punsubscribe readonly readwrite replconf script|debug " +
      "ssubscribe subscribe sunsubscribe sync unsubscribe unwatch wait watch",
  );
  assertEquals(
    by.get("shared")!.length,
    leaves().length - by.get("local")!.length - by.get("control")!.length -
      by.get("private")!.length,
  );
});

Deno.test("an unknown command goes private and may write any key", () => {
  assertEquals(routeOf(undefined, words("nosuch")), "private");
  assertEquals(writtenBy(undefined, words("nosuch a b")).beyond, "unnamed");
});

Deno.test("XREAD and XREADGROUP are shared unless their arguments make them block", () => {
  const route = (text: string) => routeOf(specOf(text.split(" ")[0]!), words(text));
  assertEquals(route("xread count 2 streams s 0"), "shared");
  assertEquals(route("xread streams block 0"), "shared");
  assertEquals(route("xread block 0 streams s 0"), "private");
  assertEquals(route("XREAD COUNT 1 BLOCK 0 STREAMS s 0"), "private");
  assertEquals(route("xreadgroup group g c streams s >"), "shared");
  assertEquals(route("xreadgroup group g c block 5 streams s >"), "private");
  assertEquals(route("blpop a 0"), "private");
});

Deno.test("a module's command goes private", () => {
  const spec = { ...specOf("set")!, name: "json.set", flags: new Set(["write", "module"]) };
  assertEquals(routeOf(spec, words("json.set a $ 1")), "private");
});

const WRITTEN: [command: string, keys: string][] = [
  ["get a", ""],
  ["set a 1", "a"],
  ["mset a 1 b 2 c 3", "a b c"],
  ["msetnx a 1 b 2", "a b"],
  ["del a b c", "a b c"],
  ["rename a b", "a b"],
  ["copy a b db 3", "b"],
  ["bitop and dest a b", "dest"],
  ["lmove a b left right", "a b"],
  ["blpop a b 0", "a b"],
  ["lmpop 2 a b left", "a b"],
  ["blmpop 0 2 a b left", "a b"],
  ["zunionstore dest 2 a b weights 1 2", "dest"],
  ["zrangestore dest src 0 -1", "dest"],
  ["sort list", ""],
  ["sort list by w_* get # limit 0 5 store dest", "dest"],
  ["sort list STORE a STORE b", "a b"],
  ["georadius geo 1 2 3 km store a store b", "a b"],
  ["sort list by store store dest", "store dest"],
  ["georadius geo 1 2 3 km", ""],
  ["georadius geo 1 2 3 km store dest", "dest"],
  ["georadius geo 1 2 3 km storedist dest", "dest"],
  ["pfcount a b", "a b"],
  ["pfadd a x", "a"],
  ["xadd s * f v", "s"],
  ["xread count 1 streams s 0", ""],
  ["getdel a", "a"],
  ["getex a persist", "a"],
  ["expire a 10", "a"],
  ["eval return 2 a b c", "a b (unnamed)"],
  ["eval return 0", "(unnamed)"],
  ["eval return notanumber a", "(unnamed)"],
  ["eval return 9 a", "a (unnamed)"],
  ["eval_ro return 1 a", ""],
  ["evalsha 00 1 a", "a (unnamed)"],
  ["fcall f 1 a", "a (unnamed)"],
  ["fcall_ro f 1 a", ""],
  ["exec", "(unnamed)"],
  ["migrate h 1 a 0 100", "a"],
  ["migrate h 1  0 100 keys a b", " a b"],
  ["flushall", "(everything)"],
  ["flushdb async", "(everything)"],
  ["swapdb 0 1", "(everything)"],
  ["dbsize", ""],
  ["publish ch m", ""],
  ["set", ""],
  ["del", ""],
  ["lmpop 99999 a", "a"],
];

for (const [command, keys] of WRITTEN) {
  Deno.test(`"${command}" writes "${keys}"`, () => assertEquals(written(command), keys));
}

Deno.test("the shortcut for commands with one written key finds what the key specifications find", () => {
  const short = leaves().filter(({ writtenAt }) => writtenAt > 0);
  assert(short.length > 60, `${short.length} commands`);
  for (const spec of short) {
    for (const count of [1, 2, 3, 4, 7]) {
      const args = { count, string: (index: number) => `arg${index}` };
      const long = writtenBy({ ...spec, writtenAt: 0 }, args);
      assertEquals(writtenBy(spec, args), long, `${spec.name} with ${count} words`);
    }
  }
});

Deno.test("FUNCTION LOAD and SCRIPT LOAD change no key", () => {
  assertEquals(written("function load code", "function|load"), "");
  assertEquals(written("script load code", "script|load"), "");
});

Deno.test("every write command of Redis 7.0 names its keys, or is known to change others", () => {
  const nameless = leaves().filter((spec) => spec.flags.has("write"))
    .filter((spec) => {
      const all = [spec.name, ...Array.from({ length: 12 }, (_, at) => `${at + 1}`)];
      const { keys, beyond } = writtenBy(spec, {
        count: all.length,
        string: (index) => all[index]!,
      });
      return keys.length === 0 && beyond === "nothing";
    }).map(({ name }) => name);
  assertEquals(nameless, [
    // No keys, or keys only after a keyword that is not among these arguments.
    ...["function|delete", "function|flush", "function|load", "function|restore"],
    ...["georadius", "georadiusbymember", "sort", "xreadgroup"],
  ]);
});

Deno.test("a command that endangers the server is refused, unless allowed by name or category", () => {
  const filter = new PassFilter();
  for (const name of DENIED_BY_DEFAULT) {
    const spec = specOf(name);
    if (spec !== undefined) assert(!filter.allows(spec), name);
    assert(!filter.allowsName(name, true), name);
    assert(NAMES.has(name), name);
  }
  for (const name of ["set", "flushall", "keys", "config|set", "client|list", "client|kill"]) {
    assert(filter.allows(specOf(name)!), name);
  }
  const open = new PassFilter({ deny: [], allow: ["shutdown", "cluster"] });
  assert(open.allows(specOf("shutdown")!));
  assert(open.allows(specOf("cluster|reset")!));
  assert(!open.allows(specOf("debug")!));
  assert(new PassFilter({ deny: [], allow: ["@all"] }).allows(specOf("debug")!));
});

Deno.test("more commands can be refused by name, container and category", () => {
  const filter = new PassFilter({ deny: ["@dangerous", "config", "set"], allow: ["keys"] });
  assert(!filter.allows(specOf("flushall")!));
  assert(!filter.allows(specOf("config|get")!));
  assert(!filter.allows(specOf("set")!));
  assert(filter.allows(specOf("get")!));
  assert(filter.allows(specOf("keys")!));
});

Deno.test("a list that denies everything lets clients log in, but nobody may use an unknown command", () => {
  const filter = new PassFilter({ deny: ["@all"], allow: ["get"] });
  for (const name of ["auth", "hello", "quit", "reset", "get"]) {
    assert(filter.allows(specOf(name)!), name);
  }
  for (const name of ["set", "ping", "select"]) assert(!filter.allows(specOf(name)!), name);
  assert(!filter.allowsName("module.new", true));
});

Deno.test("a denied category refuses all commands of a server that does not show its table", () => {
  const filter = new PassFilter({ deny: ["@write"], allow: ["lpush"] });
  assert(!filter.allowsName("set", false));
  assert(filter.allowsName("lpush", false));
  assert(filter.allowsName("nonsense", true));
});

Deno.test("every command and category of Redis 7.0 is a known name", () => {
  for (const spec of TABLE.values()) {
    assert(NAMES.has(spec.name), spec.name);
    for (const sub of spec.subcommands.values()) assert(NAMES.has(sub.name), sub.name);
    for (const category of spec.categories) assert(CATEGORIES.has(category), category);
  }
});

Deno.test("subcommands of a server before 7.0, which does not show them, are told apart", () => {
  const flags = ["admin", "noscript"];
  const entry: Reply = ["client", -2, flags, 0, 0, 0, ["@admin", "@connection"]];
  const table = CommandTable.of([entry, ["get", 2, ["readonly"], 1, 1, 1, ["@read"]]]);
  const found = (text: string) => table.find(words(text))!;
  assertEquals(found("CLIENT PAUSE 0").name, "client|pause");
  assert(!new PassFilter().allows(found("client pause 0")));
  assert(new PassFilter().allows(found("client list")));
  assertEquals(routeOf(found("client kill a:1"), words("client kill a:1")), "control");
  assertEquals(found("client nosuch").name, "client");
  assertEquals(found("get k").name, "get");
});

Deno.test("a table knows the names and the categories of its commands, also those of modules", () => {
  const table = CommandTable.of([["json.get", -2, ["readonly"], 1, 1, 1, ["@read", "@json"]]]);
  assertEquals(["json.get", "@json", "json.set", "@search"].map((name) => table.has(name)), [
    ...[true, true, false, false],
  ]);
});

Deno.test("the table reads RESP3 maps and sets like RESP2 arrays", () => {
  const spec: Reply = new Map<Reply, Reply>([
    ["flags", new Set<Reply>(["OW"])],
    ["begin_search", new Map<Reply, Reply>([["type", "index"], ["spec", new Map([["index", 1]])]])],
    [
      "find_keys",
      new Map<Reply, Reply>([["type", "range"], [
        "spec",
        new Map([["lastkey", -1], ["keystep", 2], ["limit", 0]]),
      ]]),
    ],
  ]);
  const entry = ["many", -3, new Set<Reply>(["write"]), 1, -1, 2, new Set<Reply>(["@write"]), [], [
    spec,
  ], []] as Reply;
  const found = readCommandTable([entry]).get("many")!;
  assertEquals(writtenBy(found, words("many a 1 b 2")).keys, ["a", "b"]);
});

Deno.test("malformed entries of the table are left out", () => {
  const rows = [null, 3, [], ["x"], [null, 1], ["ok", 1, []]] as Reply;
  assertEquals([...readCommandTable(rows).keys()], ["ok"]);
  assertEquals(readCommandTable(null).size, 0);
});

Deno.test("a server before 7.0 gives only the range of keys: movable keys count as unnamed", () => {
  const old = (entry: Reply) => [...readCommandTable([entry]).values()][0]!;
  const set = old(["set", -3, ["write"], 1, 1, 1, ["@write"]] as Reply);
  assertEquals(writtenBy(set, words("set a 1")), { keys: ["a"], beyond: "nothing" });
  const union = old(["zunionstore", -4, ["write", "movablekeys"], 1, 1, 1, ["@write"]] as Reply);
  assertEquals(writtenBy(union, words("zunionstore d 1 a")), { keys: ["d"], beyond: "unnamed" });
  const get = old(["get", 2, ["readonly"], 1, 1, 1, ["@read"]] as Reply);
  assertEquals(writtenBy(get, words("get a")), { keys: [], beyond: "nothing" });
});
