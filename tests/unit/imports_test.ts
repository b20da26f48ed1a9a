// Who may import whom. Types cost nothing and hide nothing: every file may import the seam and
// the helpers; for the rest, dependencies point one way, and each package has one user.
import { assertEquals } from "@std/assert";
import { ROOT } from "../../tools/command.ts";

/** Open to all of src. */
const OPEN = ["protocol", "input", "output", "stats", "log", "peer", "own"];

/** What else a file or a folder may import; a folder's files may import each other. */
const RULES: Record<string, readonly string[]> = {
  main: ["config", "health", "proxy"],
  proxy: [
    ...["config", "http", "resp", "origin", "read_through", "semaphore", "server"],
    ...["assemble", "byte_budget", "coherence", "admin", "auth", "connection", "facts"],
    ...["backlog", "listening", "service", "stalls"],
  ],
  admin: [
    ...["auth", "facts", "http/authorization", "http/error_body", "http/target"],
    "@std/http",
  ],
  assemble: ["config", "coherence", "origin/link"],
  health: ["config"],
  facts: ["config", "origin", "read_through", "resp", "server"],
  config: [
    ...["auth", "origin/link", "coherence/policy", "coherence/policy_text"],
    "@std/cli/parse-args",
  ],
  listening: ["config"],
  server: ["closing", "connection", "service", "sniff"],
  connection: ["closing", "sniff", "turn", "backlog", "pending", "read_ahead", "service"],
  service: ["backlog", "sniff", "stalls"],
  pending: ["service"],
  read_ahead: ["stalls"],
  stalls: ["backlog", "read_ahead"],
  closing: ["read_ahead"],
  sniff: [],
  http: ["@std/http", "auth", "not_now"],
  resp: ["auth", "turn"],
  read_through: ["coherence"],
  coherence: ["store", "not_now"],
  store: ["lru-cache"],
  origin: [
    ...["byte_budget", "semaphore", "coherence/follow", "coherence/channel", "coherence/trouble"],
    ...["not_now", "ioredis"],
  ],
  byte_budget: [],
  semaphore: [],
  protocol: [],
  input: [],
  output: [],
  stats: [],
  log: [],
  own: [],
  not_now: [],
  peer: [],
  turn: [],
  backlog: [],
  auth: [],
};

interface Module {
  specifier: string;
  dependencies?: { specifier: string }[];
}

/** Who imports what, as "http/mod" or a package's name, without Node's modules. */
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
  const scope = Object.keys(RULES).find((one) => isUnder(importer, one));
  if (scope === undefined) return false;
  return [scope, ...OPEN, ...RULES[scope]!].some((one) => isUnder(imported, one));
}

Deno.test("each file imports only what it may", async () => {
  const all = await imports();
  const wrong = all.filter(([importer, imported]) => !isAllowed(importer, imported));
  assertEquals(wrong.map(([importer, imported]) => `${importer} imports ${imported}`), []);
  // What the rule would be worth nothing without.
  assertEquals(
    all.some(([importer, imported]) => importer === "main" && imported === "proxy"),
    true,
  );
});
