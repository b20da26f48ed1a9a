// redis-commander, an admin tool for the browser: its tree of keys, values of every type, its
// command line and its editors.
import { PLACE, run, say, until } from "./driver.ts";

const COMMANDER = "npm:redis-commander@0.9.0";

/**
 * Starts it on a free port, in its own folder, because it looks for files of its packages there.
 */
async function start(folder: string): Promise<{ child: Deno.ChildProcess; url: string }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  await Deno.writeTextFile(`${folder}/deno.json`, "{}");
  const lock = ["--lock", new URL("admin.lock", import.meta.url).pathname, "--frozen"];
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--node-modules-dir=auto", ...lock, COMMANDER],
      ...["--redis-host", PLACE.host, "--redis-port", `${PLACE.port}`, "--nosave"],
      ...["--address", "127.0.0.1", "--port", `${port}`],
    ],
    cwd: folder,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  return { child, url: `http://127.0.0.1:${port}` };
}

const folder = await Deno.makeTempDir({ prefix: "redis-commander-" });
const { child, url } = await start(folder);
await run(async () => {
  try {
    await until(
      "redis-commander to listen",
      () => fetch(`${url}/connections`).then((reply) => reply.json()).catch(() => null),
      30_000,
    );
    const id = encodeURIComponent(`R:${PLACE.host}:${PLACE.port}:0`);
    const ask = async (method: string, path: string, body?: Record<string, unknown>) => {
      const reply = await fetch(`${url}/apiv2/${path}`, {
        method,
        headers: { "content-type": "application/json" },
        ...(body && { body: JSON.stringify({ connectionId: decodeURIComponent(id), ...body }) }),
      });
      return (await reply.text()).replaceAll(`${PLACE.port}`, "0");
    };
    const exec = (cmd: string) => ask("POST", `exec/${id}`, { cmd });

    for (
      const command of [
        ...["set app:name commander", "get app:name", "incr app:count", "rpush app:list a b c"],
        ...["hset app:hash f v g w", "sadd app:set 1", "zadd app:zset 1 one 2 two", "get none"],
        ...["expire app:count 1000", "strlen app:name", "nosuch", "config get save", "dbsize"],
      ]
    ) say(`command ${command}`, await exec(command));
    await exec("xadd app:stream 1-1 field value");
    say("tree", await ask("GET", `keystree/${id}`));
    say("keys", JSON.parse(await ask("GET", `keys/${id}/app:*`)).data.sort());
    for (const key of ["name", "list", "hash", "set", "zset", "stream"]) {
      say(`key ${key}`, await ask("GET", `key/${id}/app:${key}`));
    }
    const edits: [string, string, Record<string, unknown>][] = [
      ["PUT", "list/value", { key: "app:list", index: 1, value: "B" }],
      ["POST", "set/member", { key: "app:set", value: "2" }],
      ["PUT", "hash/field", { key: "app:hash", field: "f", value: "changed" }],
      ["POST", "zset/member", { key: "app:zset", score: 3, value: "three" }],
    ];
    for (const [method, path, body] of edits) {
      say(`${method} ${path}`, await ask(method, path, body));
      say("then", await ask("GET", `key/${id}/${body.key}`));
    }
    say("save", await ask("POST", `key/${id}/app:name`, { stringValue: "saved" }));
    say("saved", await exec("get app:name"));
    say("delete", await ask("POST", `keys/${id}/app:name?action=delete`, {}));
    say("deleted", await exec("get app:name"));
    const info = JSON.parse(await ask("GET", "server/info"));
    type Field = { key: string; value: string };
    const fields = new Map(info.data[0].info.map(({ key, value }: Field) => [key, value]));
    say("info", [fields.get("Redis version"), fields.get("Role"), [...fields.keys()].length > 50]);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
});
