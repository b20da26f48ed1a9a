// Runs the commands of the documentation against a proxy: a command that a reader copies must work.
import { assertEquals } from "@std/assert";
import { MANUAL } from "../support/pages.ts";
import { ProxyProcess } from "../support/proxy.ts";
import { run, type Serving, serving } from "../support/serving.ts";

/** Words in capitals that are not commands, by kind. */
const OTHER_WORDS = new Set([
  // HTTP methods and fields
  ...["DELETE", "HEAD", "OPTIONS", "POST", "PUT"],
  // Errors of the proxy and of Redis
  ...["BUSY", "LOADING", "NOPERM", "MASTERDOWN"],
  ...["ASK", "CLUSTERDOWN", "CROSSSLOT", "MOVED", "TRYAGAIN"],
  ...["ORIGINBROKEN", "ORIGINBUSY", "ORIGINDOWN", "ORIGINREFUSED", "ORIGINTIMEOUT"],
  // Subcommands and options of Redis that are newer than the oldest server in these tests
  ...["MAINT_NOTIFICATIONS", "NO-TOUCH", "SETINFO", "WAITAOF"],
  // Options and replies of commands
  ...["ALL", "OK", "REDIRECT"],
  // Placeholders, files and variables
  ...["NAME", "NPM_CONFIG_REGISTRY", "SHA256SUMS", "VERSION"],
]);

/** The keys that the documentation reads. */
const KEYS = {
  "Rescale": "We Accelerate Engineering Breakthroughs",
  "some-key": "value",
  "user:{42}": "value",
};

async function documented(): Promise<Serving & { adminPort: string }> {
  const it = await serving(["--admin-port", "0"]);
  for (const [key, value] of Object.entries(KEYS)) await it.ask("SET", key, value);
  const [, adminPort] = await it.proxy.process.logged(/Serving metrics\b.*\bport=(\d+)/);
  return Object.assign(it, { adminPort: adminPort! });
}

/** The lines of all pages that begin with one of these programs. */
function linesOf(...programs: string[]): string[] {
  const pattern = new RegExp(`^(?:\\$ )?((?:${programs.join("|")}) .*)$`);
  const lines = MANUAL.flatMap(({ code }) => code).map((line) => pattern.exec(line)?.[1]);
  return [...new Set(lines.filter((line) => line !== undefined))];
}

Deno.test("each curl and redis-cli command in the documentation gets an answer", async () => {
  await using it = await documented();
  const lines = linesOf("curl", "redis-cli").filter((line) => /\b(8080|9090)\b/.test(line));
  assertEquals(lines.length > 4, true, "found too few commands to try");
  const wrong: string[] = [];
  for (const line of lines) {
    const script = line.replaceAll("8080", `${it.port}`).replaceAll("9090", it.adminPort)
      .replace(/^curl /, "curl -sS --fail ").replace(/^redis-cli /, "redis-cli -e ");
    const { code, stdout, stderr } = await run("sh", ["-c", script]);
    if (code !== 0 || stdout === "") wrong.push(`${line}: status ${code}, ${stdout}${stderr}`);
  }
  assertEquals(wrong, []);
});

Deno.test("each subcommand of redis-proxy in the documentation is understood", async () => {
  await using it = await documented();
  const words = linesOf("redis-proxy").map((line) => line.split(" ")[1]!);
  const operands: Record<string, string[]> = {
    // It says that a port in use cannot be served.
    check: ["--redis-port", `${it.redis.port}`, "--port", "0"],
    completion: ["bash"],
    healthcheck: ["--port", `${it.port}`],
  };
  const codes: Record<string, number> = {};
  for (const word of new Set(words.filter((word) => /^[a-z]/.test(word)))) {
    await using process = new ProxyProcess([
      word,
      ...operands[word] ?? [],
      ...["--listen-address", "127.0.0.1"],
    ]);
    codes[word] = (await process.status).code;
  }
  assertEquals(new Set(Object.values(codes)), new Set([0]), JSON.stringify(codes));
  assertEquals(Object.keys(codes).sort(), ["check", "completion", "config", "healthcheck"]);
});

Deno.test("each word in capitals in the documentation is a command, or listed as another word", async () => {
  await using it = await documented();
  const known = new Set(OTHER_WORDS);
  for (const port of [it.port, it.redis.port]) {
    const { stdout } = await run("redis-cli", ["-p", `${port}`, "command", "docs"]);
    // Names of commands and subcommands stand alone on a line, or after a bar.
    for (const [, name] of stdout.matchAll(/"?(?:[\w-]+\|)?([\w-]+)"?$/gm)) {
      known.add(name!.toUpperCase());
    }
  }
  const { stdout } = await run("redis-cli", ["-p", `${it.port}`, "proxy", "help"]);
  for (const [, name] of stdout.matchAll(/^([A-Z]+)\b/gm)) known.add(name!);
  const wrong = MANUAL.flatMap(({ path, code }) =>
    code.filter((one) => !one.startsWith("RP_") && /^[A-Z][A-Z\d_-]+(?: [A-Z\d_-]+)*$/.test(one))
      .flatMap((one) =>
        one.split(" ").filter((word) => !/^\d+$/.test(word) && !known.has(word)).map((word) =>
          `${path}: ${word}`
        )
      )
  );
  assertEquals([...new Set(wrong)], []);
});
