import { assert, assertEquals, assertMatch } from "@std/assert";
import { completionOf } from "../../../src/config/mod.ts";
import { COMMANDS, SHELLS } from "../../../src/config/programs.ts";
import { FLAGS, type Setting, SETTINGS } from "../../../src/config/settings.ts";

async function run(program: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return code === 0 ? text : `status ${code}: ${text}`;
}

/** The completions that bash offers for a command line, whose last word is to be completed. */
async function offered(...words: string[]): Promise<string[]> {
  const list = words.map((word) => `'${word}'`).join(" ");
  const script = `${completionOf("bash")}
COMP_WORDS=(redis-proxy ${list}); COMP_CWORD=${words.length}; _redis_proxy
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await run("bash", ["-c", script])).trimEnd().split("\n");
}

Deno.test("the completions of each shell name all commands and all flags, and no secret variable", () => {
  const flags = FLAGS.filter((flag) => !(SETTINGS[flag] as Setting<unknown>).variableOnly);
  for (const shell of SHELLS) {
    const script = completionOf(shell);
    for (const flag of flags) {
      assert(new RegExp(shell === "fish" ? `-l ${flag}\\b` : `--${flag}\\b`).test(script), flag);
    }
    for (const command of COMMANDS) assert(script.includes(command), command);
    assert(!/(--|-l )password(?!-file)/.test(script), shell);
  }
});

Deno.test("bash completes commands, flags, words and files", async () => {
  assertEquals(await offered("he"), ["healthcheck", "help"]);
  assertEquals(await offered("--log-l"), ["--log-level"]);
  assertEquals(await offered("--log-level", ""), ["error", "warn", "info", "debug"]);
  assertEquals(await offered("--log-level", "=", "e"), ["error"]);
  assertEquals(await offered("--log-level", "="), ["error", "warn", "info", "debug"]);
  assertEquals(await offered("--read-only", "y"), ["yes"]);
  assertEquals(await offered("--read-only", "--log-f"), ["--log-format"]);
  assertEquals(await offered("--port", ""), [""]);
  assertEquals(await offered("completion", "f"), ["fish"]);
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/my key.pem`, "");
  assertEquals(await offered("--tls-key", `${folder}/my`), [`${folder}/my key.pem`]);
  await Deno.remove(folder, { recursive: true });
});

/** Registers a test that needs a shell; it is reported as ignored where there is none. */
function testWith(shell: string, promise: string, test: () => Promise<void>): void {
  const ignore = !isInstalled(shell);
  Deno.test(ignore ? `${promise} (${shell} is not installed)` : promise, { ignore }, test);
}

function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["-c", "exit"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

testWith("fish", "fish completes commands, flags and words", async () => {
  const complete = (line: string) =>
    run("fish", [
      "--no-config",
      "-c",
      `${completionOf("fish")}\ncomplete -C ${JSON.stringify(line)}`,
    ]);
  const words = await complete("redis-proxy --log-level ");
  assertEquals(words.trimEnd().split("\n").map((line) => line.split("\t")[0]).sort(), [
    "debug",
    "error",
    "info",
    "warn",
  ]);
  assertMatch(await complete("redis-proxy --log-l"), /^--log-level\tlowest level/);
  assertEquals((await complete("redis-proxy completion z")).trim(), "zsh");
  assert((await complete("redis-proxy he")).includes("healthcheck\texit with status 0"));
});

testWith("zsh", "zsh accepts the completions", async () => {
  const script = completionOf("zsh");
  const said = await run("zsh", [
    ...["-f", "-c", `autoload -U compinit; compinit -D -u; ${script}\nwhich _redis_proxy`],
  ]);
  assert(said.includes("_arguments -s"), said);
});
