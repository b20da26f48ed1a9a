/** Without a right that reads from replicas need, the masters are read, and `check` grants the right. */
import { assert, assertEquals } from "@std/assert";
import { type Cluster, type ClusterServer, startCluster } from "../../tools/cluster.ts";
import { assertFound, check, type Checked } from "../support/check.ts";
import { ROOT, startProxy } from "../support/proxy.ts";
import { replicated } from "../support/replicated.ts";
import { ask, callsOf, redisCli, until } from "../support/serving.ts";

const USER = ["ACL", "SETUSER", "u"];
/** A key of each master. */
const KEYS = ["bar", "key"];
const KEY = "key";
const READ = ["--lease", "600ms", "--read-from", "replica"];

/** The rights that the documentation lists for tracking in line. */
async function documented(): Promise<string[]> {
  const text = await Deno.readTextFile(`${ROOT}docs/coherence.md`);
  const section = text.slice(text.indexOf("Access rights at Redis"));
  return /\n\n((?: {4}.+\n)+)/.exec(section)![1]!.trim().split(/\s+/);
}

const make = (rights: readonly string[]) => [...USER, "reset", "on", ">p", "~*", ...rights];

/** A proxy's view of where a key is read. */
async function placeOf(port: number): Promise<string> {
  await redisCli(port, "GET", KEY);
  const explained = await redisCli(port, "PROXY", "EXPLAIN", KEY);
  return /read-at\n(\w+)/.exec(explained)?.[1] ?? "nowhere";
}

const faults = ({ findings }: Checked) =>
  findings.filter(({ about, level }) => /rights|replicas/.test(about) && level !== "ok");

/** Runs the line that fixes a finding at a server. */
async function fix({ findings }: Checked, found: RegExp, node: ClusterServer): Promise<void> {
  const one = findings.find((one) => found.test(one.found))!;
  assertEquals(await node.call(...one.fix!.split(" ")), "OK");
}

async function started(): Promise<Cluster> {
  const cluster = await startCluster({ masters: 2 });
  const rights = [...await documented(), "+cluster|slots", "+readonly"];
  for (const node of [...cluster.masters, ...cluster.replicas]) {
    assertEquals(await node.call(...make(rights)), "OK");
  }
  // Masters name no replica that has not got anything yet.
  for (const [at, master] of cluster.masters.entries()) {
    assertEquals(await master.call("SET", KEYS[at]!, "v"), "OK");
    await until(async () => {
      const ranges = await master.call("CLUSTER", "SLOTS") as unknown[][];
      return ranges.every(({ length }) => length === 4);
    });
  }
  return cluster;
}

Deno.test("in a cluster", async (t) => {
  await using cluster = await started();
  const { replicas } = cluster;
  const url = ["--redis-url", cluster.url.replace("redis://", "redis://u:p@"), ...READ];

  await t.step(
    "a replica is read only with the right to READONLY, and check grants it",
    async () => {
      assertEquals(faults(await check(url)), []);
      for (const replica of replicas) await replica.call(...USER, "-readonly");

      await using proxy = await startProxy(null, url);
      assertEquals(await redisCli(proxy.port, "GET", KEY), "v\n");
      await proxy.process.logged(/Reads go to the master.* why=".*READONLY: NOPERM/);
      assertEquals(await placeOf(proxy.port), "master");
      const [first, second] = replicas as [ClusterServer, ClusterServer];
      for (const { port } of replicas) assertEquals(await callsOf(port, "getrange"), 0);

      const both = await check(url);
      const names = `127.0.0.1:${first.port}, 127.0.0.1:${second.port}`;
      const found = new RegExp(`may not run READONLY at ${names}: reads go to the master`);
      assertFound(both, ["warning", "replicas", found, /^ACL SETUSER u \+readonly$/]);
      assertEquals(faults(both).length, 1);
      await fix(both, found, first);
      const one = await check(url);
      const last = new RegExp(`READONLY at 127.0.0.1:${second.port}:`);
      await fix(one, last, second);
      assertEquals(faults(await check(url)), []);
      await until(async () => await placeOf(proxy.port) === "replica", 20_000);
    },
  );

  await t.step("check names the nodes where another right is missing, or the user", async () => {
    const [first, second] = cluster.masters as [ClusterServer, ClusterServer];
    const [replica, other] = replicas as [ClusterServer, ClusterServer];
    const at = ({ port }: ClusterServer) => `127.0.0.1:${port}`;
    await second.call(...USER, "-role");
    await replica.call(...USER, "-info", "-client|tracking");
    const rights = await check(url);
    const role = new RegExp(`may not run ROLE at ${at(second)}: reads go`);
    assertFound(rights, ["warning", "replicas", role, /u \+role$/]);
    const info = new RegExp(`may not run INFO at ${at(replica)}: reads go`);
    assertFound(rights, ["warning", "replicas", info, /u \+info$/]);
    const tracking = new RegExp(`may not run CLIENT TRACKING at ${at(replica)}: reads go`);
    assertFound(rights, ["warning", "replicas", tracking, /u \+client\|tracking$/]);
    assertEquals(faults(rights).length, 3);

    await replica.call("ACL", "DELUSER", "u");
    await other.stop();
    const users = await check(url);
    const unknown = new RegExp(`${at(replica)} cannot be used: .*WRONGPASS`);
    assertFound(users, ["warning", "replicas", unknown, /ACL SETUSER u/]);
    const away = new RegExp(`${at(other)} cannot be used: .*REFUSED`);
    assertFound(users, ["warning", "replicas", away, /./]);
    await first.call(...USER, "-cluster|slots");
    const silent = await check(url);
    assertFound(silent, [
      "warning",
      "replicas",
      /does not tell the replicas/,
      /u \+cluster\|slots$/,
    ]);
  });
});

Deno.test("a replica of one Redis is read only with the rights to ROLE and INFO, and check grants them", async () => {
  await using set = await replicated();
  const { master, replica } = set;
  const rights = await documented();
  for (const { port } of [master, replica]) assertEquals(await ask(port, ...make(rights)), "+OK");
  await ask(master.port, "SET", KEY, "v");
  const url = ["--redis-url", `redis://u:p@127.0.0.1:${master.port}`, ...READ];
  assertEquals(faults(await check(url)), []);
  {
    await using proxy = await startProxy(null, url);
    await until(async () => await placeOf(proxy.port) === "replica");
  }
  for (const { port } of [master, replica]) {
    for (const right of ["role", "info"]) {
      await ask(port, ...USER, `-${right}`);
      const without = await check(url);
      const found = new RegExp(`may not run ${right.toUpperCase()} at .*:${port}: reads go to the`);
      assertFound(without, [
        "warning",
        "replicas",
        found,
        new RegExp(`^ACL SETUSER u \\+${right}$`),
      ]);
      assert(faults(without).length === 1, JSON.stringify(without));
      await using proxy = await startProxy(null, url);
      assertEquals(await redisCli(proxy.port, "GET", KEY), "v\n");
      await proxy.process.logged(/Reads go to the master.* why=".*NOPERM/);
      assertEquals(await placeOf(proxy.port), "master");
      await ask(port, ...USER, `+${right}`);
    }
  }
  assertEquals(faults(await check(url)), []);
});
