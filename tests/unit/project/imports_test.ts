// The rules of the architecture: each room of src imports only the rooms below it, no imports are
// circular, and each package is imported only by its room.
import { assertEquals } from "@std/assert";
import { ROOT } from "../../../tools/command.ts";

/**
 * The imports that each room may have in addition to its own files: rooms, files of rooms, and
 * packages.
 */
const RULES: Record<string, readonly string[]> = {
  main: ["app", "check", "config", "core/log", "system"],
  check: [
    ...["app", "commands", "config", "core", "origin", "system"],
    ...["topology/cluster/slots_reply", "topology/replicas/roles"],
  ],
  app: [
    ...["admin", "cache", "commands", "config", "core", "http", "insight", "lanes", "origin"],
    ...["resp", "server", "system", "topology"],
  ],
  admin: ["core", "http", "server/input", "server/output", "server/protocol", "@std/http"],
  insight: ["core", "server/observer", "server/output", "server/protocol"],
  config: [
    "commands/names",
    "cache/policy",
    "cache/policy_text",
    "core",
    "origin/address",
    "@std/cli/parse-args",
  ],
  http: [
    "core",
    "server/input",
    "server/observer",
    "server/output",
    "server/peer",
    "server/protocol",
    "@std/http",
  ],
  resp: [
    ...["commands", "core", "lanes"],
    ...["server/input", "server/observer", "server/output", "server/peer", "server/protocol"],
  ],
  lanes: ["commands", "core", "origin/address", "origin/within", "origin/wire"],
  commands: [],
  server: ["core"],
  cache: ["core", "origin/follower", "lru-cache"],
  origin: ["core", "ioredis"],
  topology: ["core", "origin"],
  system: ["core"],
  core: [],
};

interface Module {
  specifier: string;
  dependencies?: { specifier: string }[];
}

/** Importer and imported, as "http/mod" or a package's name, without Node's modules. */
async function imports(): Promise<[string, string][]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `--import-map=${ROOT}/tools/npm_imports.json`, "--no-lock", "main.ts"],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
  const own = modules.filter(({ specifier }) => specifier.startsWith("file://"));
  return own.flatMap(({ specifier, dependencies = [] }) =>
    dependencies.filter((one) => !/^node:|\.json$/.test(one.specifier)).map((
      one,
    ): [string, string] => [
      nameOf(specifier),
      one.specifier.startsWith(".")
        ? nameOf(new URL(one.specifier, specifier).href)
        : one.specifier,
    ])
  );
}

function nameOf(url: string): string {
  return url.slice(`file://${ROOT}/`.length).replace(/^src\//, "").replace(/\.ts$/, "");
}

function isUnder(name: string, scope: string): boolean {
  return name === scope || name.startsWith(`${scope}/`);
}

function isAllowed(importer: string, imported: string): boolean {
  const room = Object.keys(RULES).find((one) => isUnder(importer, one));
  if (room === undefined) return false;
  return [room, ...RULES[room]!].some((one) => isUnder(imported, one));
}

/** The circular imports, each as the list of its files. */
function circles(all: [string, string][]): string[] {
  const next = Map.groupBy(all, ([importer]) => importer);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: string[]) => {
    const start = path.indexOf(file);
    if (start !== -1) found.push([...path.slice(start), file].join(" -> "));
    if (start !== -1 || done.has(file)) return;
    for (const [, imported] of next.get(file) ?? []) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}

Deno.test("each file imports only what its room may import", async () => {
  const all = await imports();
  const wrong = all.filter(([importer, imported]) => !isAllowed(importer, imported));
  assertEquals(wrong.map(([importer, imported]) => `${importer} imports ${imported}`), []);
  // The rules check nothing if no imports were read.
  assertEquals(all.some(([from, to]) => from === "main" && to === "app/proxy"), true);
});

Deno.test("no files import each other in a circle", async () => {
  assertEquals(circles(await imports()), []);
  assertEquals(circles([["a", "b"], ["b", "c"], ["c", "b"]]), ["b -> c -> b"]);
});

Deno.test("src has folders only", () => {
  const files = [...Deno.readDirSync(`${ROOT}/src`)].filter((one) => one.isFile);
  assertEquals(files.map((one) => one.name), []);
});
